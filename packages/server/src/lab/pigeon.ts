/** A picture to attach: a small carrier pigeon, drawn here and written as PNG. */

import { crc32, deflateSync } from 'node:zlib';

/**
 * `.` sky, `#` outline, `o` body, `w` wing, `b` beak, `e` eye, `l` legs, `m` the letter it carries.
 */
const drawing = [
  '......................................',
  '.............####.....................',
  '...........##oooo##...................',
  '..........#oooooeo#...................',
  '..........#ooooooo#bb.................',
  '.........#oooooooo#...................',
  '.........#oooooooo#mmmmmmm............',
  '........#ooooooooo#mwwwwwm............',
  '.......#oooooooooo#mmwwwmm............',
  '......#oowwwwwoooo#mwmwmwm............',
  '.....#owwwwwwwwooo#mmmmmmm............',
  '....#owwwwwwwwwwoo#...................',
  '...#oowwwwwwwwwwoo#...................',
  '..#ooowwwwwwwwwooo#...................',
  '.##oooowwwwwwwoooo#...................',
  '#oo####oooooooooo#....................',
  '###....##oooooo##.....................',
  '.........#####l.......................',
  '..........l...l.......................',
  '.........lll.lll......................',
  '......................................',
] as const;

type Colour = readonly [red: number, green: number, blue: number];

const colours: Readonly<Record<string, Colour>> = {
  '.': [0xe3, 0xed, 0xfd],
  '#': [0x1a, 0x1f, 0x27],
  o: [0x8f, 0xa3, 0xbf],
  w: [0x55, 0x60, 0x70],
  b: [0xf2, 0xb6, 0x5a],
  e: [0xb3, 0x26, 0x1e],
  l: [0xb3, 0x26, 0x1e],
  m: [0xff, 0xff, 0xff],
};

/** Pixels of the picture for one of the drawing. */
const scale = 8;

export function pigeonPng(): Uint8Array {
  const letters = Object.keys(colours);
  const columns = drawing[0].length * scale;
  const rows: Buffer[] = [];
  for (const line of drawing) {
    const row = Buffer.alloc(1 + columns); // filter 0, then one palette index for each pixel
    for (let x = 0; x < columns; x += 1) {
      row[1 + x] = letters.indexOf(line[Math.floor(x / scale)] ?? '.');
    }
    for (let y = 0; y < scale; y += 1) rows.push(row);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(columns, 0);
  header.writeUInt32BE(rows.length, 4);
  header.set([8, 3, 0, 0, 0], 8); // eight bits, by palette
  const palette = Buffer.from(letters.flatMap((letter) => [...colours[letter]!]));
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('PLTE', palette),
    chunk('IDAT', deflateSync(Buffer.concat(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}
