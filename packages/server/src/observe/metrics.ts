/** Prometheus metrics of one home. */

import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** All metrics of one thread, as they travel to another. */
export type MetricsSnapshot = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

export type Metrics = ReturnType<typeof createMetrics>;

/** `bugs` counts what must not happen: every test ends with it at 0. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    /** What the other threads have counted; set by who starts them. */
    others: (): Promise<readonly MetricsSnapshot[]> => Promise.resolve([]),
    threadRestarts: new Counter({
      name: 'merpati_thread_restarts_total',
      help: 'Protocol threads that ended unexpectedly and were started again.',
      registers,
    }),
    bugs: new Counter({
      name: 'merpati_bugs_total',
      help: 'Errors that are our own fault.',
      registers,
    }),
    connections: new Gauge({
      name: 'merpati_connections',
      help: 'Open connections.',
      labelNames: ['protocol'],
      registers,
    }),
    accepted: new Counter({
      name: 'merpati_messages_accepted_total',
      help: 'Messages taken responsibility for.',
      labelNames: ['kind'],
      registers,
    }),
    signed: new Counter({
      name: 'merpati_messages_signed_total',
      help: 'Messages written here, by signing: signed, or waiting (keys not in the DNS).',
      labelNames: ['result'],
      registers,
    }),
    refused: new Counter({
      name: 'merpati_refused_total',
      help: 'Refusals, by protocol and code.',
      labelNames: ['protocol', 'code'],
      registers,
    }),
    logins: new Counter({
      name: 'merpati_logins_total',
      help: 'Logins by protocol and result.',
      labelNames: ['protocol', 'result'],
      registers,
    }),
    attempts: new Counter({
      name: 'merpati_delivery_attempts_total',
      help: 'Outgoing delivery attempts by outcome.',
      labelNames: ['outcome'],
      registers,
    }),
    tlsSessions: new Counter({
      name: 'merpati_tls_sessions_total',
      help: 'Sessions with MX hosts by TLS policy (tlsa, sts, no-policy-found) and result.',
      labelNames: ['policy', 'result'],
      registers,
    }),
    commitSeconds: new Histogram({
      name: 'merpati_accept_seconds',
      help: 'From the last byte of a message to its commit.',
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
      registers,
    }),
    ...trustMetrics(registers),
    ...webMetrics(registers),
  };
}

/** Whose mail it is, and who hears of that. */
function trustMetrics(registers: Registry[]) {
  return {
    authResults: new Counter({
      name: 'merpati_auth_results_total',
      help: 'What was found about senders of incoming mail, by method and result.',
      labelNames: ['method', 'result'],
      registers,
    }),
    judgeSeconds: new Histogram({
      name: 'merpati_judge_seconds',
      help: 'From the last byte of a message from outside to the verdict about its sender.',
      buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    reportsSent: new Counter({
      name: 'merpati_reports_sent_total',
      help: 'Reports about others, by kind and what came of each try.',
      labelNames: ['kind', 'result'],
      registers,
    }),
    reportsReceived: new Counter({
      name: 'merpati_reports_received_total',
      help: 'Reports of others, by kind and result; those that could not be read have no kind.',
      labelNames: ['kind', 'result'],
      registers,
    }),
  };
}

/** The web, and certificates. */
function webMetrics(registers: Registry[]) {
  return {
    httpSeconds: new Histogram({
      name: 'merpati_http_request_seconds',
      help: 'Requests of the web, by route and status.',
      labelNames: ['route', 'status'],
      buckets: [0.005, 0.05, 0.5, 5],
      registers,
    }),
    sendingPaused: new Counter({
      name: 'merpati_sending_paused_total',
      help: 'Accounts whose sending was stopped, by reason.',
      labelNames: ['reason'],
      registers,
    }),
    certificateExpires: new Gauge({
      name: 'merpati_certificate_expires_seconds',
      help: 'Until the certificate of that name is over.',
      labelNames: ['name'],
      registers,
    }),
    certificateOrders: new Counter({
      name: 'merpati_certificate_orders_total',
      help: 'Certificates asked for by ACME, by result.',
      labelNames: ['result'],
      registers,
    }),
  };
}

/** The sums of all threads, in the text form of Prometheus. */
export async function writeMetrics({ registry, others }: Metrics): Promise<string> {
  const snapshots = await others();
  if (snapshots.length === 0) return registry.metrics();
  return AggregatorRegistry.aggregate([await registry.getMetricsAsJSON(), ...snapshots]).metrics();
}

/** Of a thread that is no more: what it has counted stays counted, what it had open is closed. */
export async function addCounts(
  sum: MetricsSnapshot,
  departed: MetricsSnapshot,
): Promise<MetricsSnapshot> {
  const counts = departed.filter(({ type }) => String(type) !== 'gauge');
  return AggregatorRegistry.aggregate([sum, counts]).getMetricsAsJSON();
}
