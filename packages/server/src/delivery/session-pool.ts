/** Open conversations kept for the next message to the same server. */

import type { SmtpClient } from '@merpati/client/smtp/client.ts';
import type { World } from '../world.ts';
import { deliveryLimits } from './limits.ts';

export interface Session {
  readonly client: SmtpClient;
  /**
   * What the server is, how it is secured and who we are there; sessions alike can stand in for
   * each other.
   */
  readonly key: string;
  readonly host: string;
  readonly address: string;
  readonly port: number;
  readonly openedMs: number;
  /** Messages sent before this one. */
  messages: number;
}

interface Idle {
  readonly session: Session;
  readonly sinceMs: number;
}

export class SessionPool {
  readonly #world: Pick<World, 'nowMs'>;
  /** The last one given back is the first to be taken. */
  readonly #idle = new Map<string, Idle[]>();
  #count = 0;
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(world: Pick<World, 'nowMs'>) {
    this.#world = world;
  }

  get idleCount(): number {
    return this.#count;
  }

  take(key: string): Session | null {
    for (;;) {
      const idle = this.#idle.get(key)?.pop();
      if (idle === undefined) return null;
      this.#count -= 1;
      if (idle.session.client.isOpen) return idle.session;
      idle.session.client.destroy();
    }
  }

  /** Keeps it for the next message, or says good-bye when it has served enough. */
  give(session: Session): void {
    const { client, key } = session;
    const isWorn =
      session.messages >= deliveryLimits.messagesPerConnectionMax ||
      this.#count >= deliveryLimits.idleConnectionsMax;
    if (this.#isClosed || isWorn || !client.isOpen) {
      void client.quit();
      return;
    }
    const list = this.#idle.get(key) ?? [];
    list.push({ session, sinceMs: this.#world.nowMs() });
    this.#idle.set(key, list);
    this.#count += 1;
    this.#timer ??= setInterval(() => this.#sweep(), deliveryLimits.idleMs / 2).unref();
  }

  /** Everybody gets a QUIT. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    const all = [...this.#idle.values()].flat();
    this.#idle.clear();
    this.#count = 0;
    await Promise.all(all.map(({ session }) => session.client.quit()));
  }

  #sweep(): void {
    const oldestMs = this.#world.nowMs() - deliveryLimits.idleMs;
    for (const [key, list] of this.#idle) {
      const kept = list.filter(({ session, sinceMs }) => {
        const stays = sinceMs > oldestMs && session.client.isOpen;
        if (!stays) void session.client.quit();
        return stays;
      });
      this.#count -= list.length - kept.length;
      if (kept.length === 0) this.#idle.delete(key);
      else this.#idle.set(key, kept);
    }
    if (this.#idle.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}
