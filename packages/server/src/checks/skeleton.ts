/**
 * What a name looks like: names that people mistake for each other have the same skeleton. The
 * letters are those of UTS 39's confusables that occur in domain names, not all of them.
 */

/** Letters of other scripts, and the Latin one that they look like. */
const letters: Readonly<Record<string, string>> = {
  а: 'a',
  в: 'b',
  ԁ: 'd',
  е: 'e',
  ё: 'e',
  ғ: 'f',
  ɡ: 'g',
  һ: 'h',
  н: 'h',
  і: 'i',
  ї: 'i',
  ј: 'j',
  к: 'k',
  ӏ: 'l',
  м: 'm',
  п: 'n',
  о: 'o',
  р: 'p',
  ԛ: 'q',
  г: 'r',
  ѕ: 's',
  т: 't',
  ц: 'u',
  ѵ: 'v',
  ԝ: 'w',
  ш: 'w',
  х: 'x',
  у: 'y',
  α: 'a',
  β: 'b',
  ε: 'e',
  η: 'n',
  ι: 'i',
  κ: 'k',
  ν: 'v',
  ο: 'o',
  ρ: 'p',
  σ: 'o',
  τ: 't',
  υ: 'u',
  χ: 'x',
  γ: 'y',
  ω: 'w',
  ı: 'i',
  ł: 'l',
  ø: 'o',
  đ: 'd',
  ß: 'b',
  0: 'o',
  1: 'l',
  3: 'e',
  5: 's',
};

/** Applied after the letters, since they are made of them. */
const pairs: readonly (readonly [RegExp, string])[] = [
  [/rn/g, 'm'],
  [/vv/g, 'w'],
  [/cl/g, 'd'],
  [/i/g, 'l'],
  [/-/g, ''],
];

/**
 * @example
 * skeletonOf('rnerpati.test') === skeletonOf('merpati.test'); // true
 */
export function skeletonOf(name: string): string {
  const plain = name
    .toLowerCase()
    .normalize('NFKD')
    .replaceAll(/\p{Mark}/gu, '');
  const latin = Array.from(plain, (letter) => letters[letter] ?? letter).join('');
  return pairs.reduce((text, [from, to]) => text.replaceAll(from, to), latin);
}
