/**
 * Links of the documents: the file exists, the heading is in it, and a link whose text is a name in
 * backquotes leads to a source that declares that name.
 */

type ReadTarget = (from: string, target: string) => string | null;

export function findBrokenLinks(path: string, text: string, readTarget: ReadTarget): string[] {
  const prose = text.replace(/^```[\s\S]*?^```/gm, (block) => block.replace(/[^\n]/g, ' '));
  const breaks: string[] = [];
  for (const match of prose.matchAll(/\[([^\]]*)\]\(([^)\s]+)\)/g)) {
    const [, label = '', link = ''] = match;
    if (/^[a-z]+:/.test(link)) continue;
    const line = prose.slice(0, match.index).split('\n').length;
    const [target = '', heading] = link.split('#');
    const found = target === '' ? text : readTarget(path, target);
    const name = /^`([\w.]+)(?:\(\))?`$/.exec(label)?.[1];
    if (found === null) breaks.push(`${path}:${line}: ${link} does not exist`);
    else if (heading && target.endsWith('.md') && !headings(found).has(heading)) {
      breaks.push(`${path}:${line}: ${link} has no such heading`);
    } else if (name && target.endsWith('.ts') && !declares(found, name)) {
      breaks.push(`${path}:${line}: ${name} is not declared in ${target}`);
    }
  }
  return breaks;
}

/** As code hosts make them: lower case, spaces to hyphens, punctuation dropped. */
function headings(text: string): Set<string> {
  const found = new Set<string>();
  for (const [, title = ''] of text.matchAll(/^#{1,6} +(.*)$/gm)) {
    const slug = title.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '');
    found.add(slug.trim().replaceAll(' ', '-'));
  }
  return found;
}

function declares(source: string, name: string): boolean {
  const parts = name.split('.');
  return parts.every((part) =>
    new RegExp(
      `\\b(function|const|class|interface|type|async)\\*? ${part}\\b|^\\s+(async )?#?${part}\\(`,
      'm',
    ).test(source),
  );
}
