/**
 * What a zone's own servers say. They are found through the resolver, and then asked themselves,
 * all of them: caches know yesterday. RFC 1034 §4.2.
 */

import type { DnsAnswer, RecordType, Resolver, World } from '../world.ts';

const limits = {
  /** Labels of a name on the way up to its zone. */
  labelsMax: 30,
  /** Zones have two to four; those of registries up to thirteen. */
  serversMax: 13,
} as const;

export interface ZoneServer {
  readonly name: string;
  /** null: it has none, so nobody can ask it. */
  readonly address: string | null;
}

export interface Zone {
  readonly name: string;
  readonly servers: readonly ZoneServer[];
}

/** What one server said; `answer` null: it could not be asked. */
export interface Said {
  readonly server: ZoneServer;
  readonly answer: DnsAnswer | null;
}

type Asking = Pick<World, 'dns' | 'nameServer'>;

/** Asks the servers of zones, each found once. Make a new one for each check: it has a memory. */
export class ZoneAsker {
  readonly #world: Asking;
  readonly #zones = new Map<string, Promise<Zone | null>>();
  readonly #resolvers = new Map<string, Resolver>();

  constructor(world: Asking) {
    this.#world = world;
  }

  /** The zone that a name lies in; null: the DNS does not tell. */
  async zoneOf(name: string): Promise<Zone | null> {
    let at = name.toLowerCase();
    for (let i = 0; at !== '' && i < limits.labelsMax; i += 1) {
      const known = this.#zones.get(at) ?? this.#zoneAt(at);
      this.#zones.set(at, known);
      const zone = await known;
      if (zone !== null) return zone;
      const dot = at.indexOf('.');
      at = dot < 0 ? '' : at.slice(dot + 1);
    }
    return null;
  }

  /** Of every server of the zone that the name lies in; empty: there is no such zone. */
  async ask(name: string, type: RecordType): Promise<readonly Said[]> {
    const zone = await this.zoneOf(name);
    return Promise.all(
      (zone?.servers ?? []).map(async (server) => {
        if (server.address === null) return { server, answer: null };
        const answer = await this.#resolver(server.address).query(name, type);
        return { server, answer: answer.kind === 'error' ? null : answer };
      }),
    );
  }

  async #zoneAt(name: string): Promise<Zone | null> {
    const answer = await this.#world.dns.query(name, 'NS');
    // An alias may lead to where a zone begins; the name is not in that one.
    if (answer.kind !== 'records' || answer.aliases.length > 0) return null;
    const names = answer.records.flatMap((one) => (one.type === 'NS' ? [one.target] : []));
    const servers = names.toSorted().slice(0, limits.serversMax);
    return {
      name,
      servers: await Promise.all(
        servers.map(async (server) => ({ name: server, address: await this.#addressOf(server) })),
      ),
    };
  }

  async #addressOf(server: string): Promise<string | null> {
    for (const type of ['A', 'AAAA'] as const) {
      const answer = await this.#world.dns.query(server, type);
      if (answer.kind !== 'records') continue;
      for (const one of answer.records) if (one.type === type) return one.address;
    }
    return null;
  }

  #resolver(address: string): Resolver {
    const known = this.#resolvers.get(address) ?? this.#world.nameServer(address);
    this.#resolvers.set(address, known);
    return known;
  }
}

/** The texts of TXT records, their strings joined. RFC 7208 §3.3, RFC 6376 §3.6.2.2. */
export function textsOf(answer: DnsAnswer): readonly string[] {
  if (answer.kind !== 'records') return [];
  return answer.records.flatMap((one) =>
    one.type === 'TXT' ? [Buffer.concat(one.strings).toString('latin1')] : [],
  );
}
