/** How this program was called, for commands that people are told to type. */

/** From a checkout the command stands behind npx. */
export function ownCommand(lab: boolean): string {
  const command = process.env['npm_command'] === undefined ? 'merpati' : 'npx merpati';
  return lab ? `${command} --lab` : command;
}
