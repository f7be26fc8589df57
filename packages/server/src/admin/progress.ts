/** Turns a function that reports progress into a stream of items that ends with its result. */

export type Progress<P, R> = { readonly progress: P } | { readonly result: R };

/** Only the latest report is kept when the reader is slow: progress is no log. */
export async function* withProgress<P, R>(
  run: (report: (progress: P) => void) => Promise<R>,
): AsyncGenerator<Progress<P, R>> {
  const mail: { latest: P | null; wake: () => void } = { latest: null, wake: () => {} };
  const running = run((progress) => {
    mail.latest = progress;
    mail.wake();
  });
  const over = running.then(
    () => 'over' as const,
    () => 'over' as const, // the reason is thrown by the last line
  );
  for (;;) {
    const told = new Promise<'told'>((resolve) => {
      mail.wake = () => resolve('told');
    });
    const what = mail.latest === null ? await Promise.race([over, told]) : 'told';
    const progress = mail.latest;
    mail.latest = null;
    if (progress !== null) yield { progress };
    if (what === 'over') break;
  }
  yield { result: await running };
}
