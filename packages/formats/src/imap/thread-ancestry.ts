/**
 * A forest that can be asked, while it is put together and cut apart, which root a node hangs from.
 * THREAD asks it for every link, so that no link closes a circle (RFC 5256 §3); walking upwards
 * would take as long as the thread is deep, and a sender chooses how deep.
 *
 * A link-cut tree (Sleator and Tarjan, 1983): the paths that were looked at last are kept as splay
 * trees ordered by depth; a step takes logarithmic time, amortised.
 */

const none = -1;

export class ThreadAncestry {
  /** Within a path: what lies above and below. */
  readonly #above: number[] = [];
  readonly #below: number[] = [];
  /** The parent in the splay tree; of its top node, the node that the whole path hangs from. */
  readonly #up: number[] = [];

  /** A new node, alone. Numbers are given from 0 on. */
  add(): number {
    this.#above.push(none);
    this.#below.push(none);
    return this.#up.push(none) - 1;
  }

  /** Hangs a root, with all below it, from a node of another tree. */
  link(parent: number, root: number): void {
    this.#expose(root);
    this.#up[root] = parent;
  }

  /** Takes a node, with all below it, from its parent. */
  cut(node: number): void {
    this.#expose(node);
    const above = this.#above[node]!;
    if (above === none) return;
    this.#up[above] = none;
    this.#above[node] = none;
  }

  rootOf(node: number): number {
    this.#expose(node);
    let root = node;
    while (this.#above[root]! !== none) root = this.#above[root]!;
    this.#splay(root);
    return root;
  }

  /** Makes the path from the root to the node one splay tree, the node at its top. */
  #expose(node: number): void {
    let last = none;
    for (let at = node; at !== none; at = this.#up[at]!) {
      this.#splay(at);
      this.#below[at] = last;
      last = at;
    }
    this.#splay(node);
  }

  #splay(node: number): void {
    while (!this.#isTop(node)) {
      const parent = this.#up[node]!;
      if (!this.#isTop(parent)) {
        const isStraight = this.#isAbove(node) === this.#isAbove(parent);
        this.#rotate(isStraight ? parent : node);
      }
      this.#rotate(node);
    }
  }

  #isTop(node: number): boolean {
    const up = this.#up[node]!;
    return up === none || (this.#above[up] !== node && this.#below[up] !== node);
  }

  #isAbove(node: number): boolean {
    return this.#above[this.#up[node]!] === node;
  }

  /** The node changes places with its parent in the splay tree; the order stays. */
  #rotate(node: number): void {
    const parent = this.#up[node]!;
    const grandparent = this.#up[parent]!;
    const [near, far] = this.#isAbove(node)
      ? [this.#above, this.#below]
      : [this.#below, this.#above];
    if (!this.#isTop(parent)) {
      const side = this.#isAbove(parent) ? this.#above : this.#below;
      side[grandparent] = node;
    }
    const moved = far[node]!;
    near[parent] = moved;
    if (moved !== none) this.#up[moved] = parent;
    far[node] = parent;
    this.#up[parent] = node;
    this.#up[node] = grandparent;
  }
}
