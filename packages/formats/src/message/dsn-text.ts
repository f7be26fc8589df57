/**
 * What a delivery report says to people, in English and Indonesian: what happened, why, what now.
 */

export type DsnKind = 'failure' | 'delay' | 'success' | 'relayed' | 'expanded';

export interface BothLanguages {
  readonly en: string;
  readonly id: string;
}

export const dsnSubjects: Readonly<Record<DsnKind, BothLanguages>> = {
  failure: { en: 'Not delivered', id: 'Tidak sampai' },
  delay: { en: 'Delayed', id: 'Tertunda' },
  success: { en: 'Delivered', id: 'Sudah sampai' },
  relayed: { en: 'Passed on', id: 'Sudah diteruskan' },
  expanded: { en: 'Passed on to a list', id: 'Sudah diteruskan ke daftar' },
};

export const dsnOpenings: Readonly<Record<DsnKind, BothLanguages>> = {
  failure: {
    en: 'Your email could not be delivered to the addresses below. It will not be tried again.',
    id: 'Email Anda tidak dapat disampaikan ke alamat di bawah ini. Tidak akan dicoba lagi.',
  },
  delay: {
    en:
      'Your email has not been delivered to the addresses below yet. It is tried again ' +
      'by itself; you need not send it again.',
    id:
      'Email Anda belum sampai ke alamat di bawah ini. Pengiriman dicoba lagi dengan ' +
      'sendirinya; Anda tidak perlu mengirim ulang.',
  },
  success: {
    en: 'Your email was put into the mailboxes of the addresses below.',
    id: 'Email Anda sudah masuk ke kotak surat alamat di bawah ini.',
  },
  relayed: {
    en:
      'Your email was accepted by the servers of the addresses below. They do not tell ' +
      'us whether it reaches the mailbox.',
    id:
      'Email Anda diterima server alamat di bawah ini. Server itu tidak memberi tahu ' +
      'kami apakah email masuk ke kotak surat.',
  },
  expanded: {
    en: 'Your email was passed on to the members of the addresses below.',
    id: 'Email Anda diteruskan kepada anggota alamat di bawah ini.',
  },
};

/**
 * Why, and what now, by enhanced status code: the whole code, its last two numbers, its subject.
 */
const reasons: readonly (readonly [code: RegExp, reason: BothLanguages])[] = [
  [
    /^\d\.1\.[16]$/u,
    {
      en: 'There is no such mailbox. Check the spelling of the address.',
      id: 'Kotak surat itu tidak ada. Periksa ejaan alamatnya.',
    },
  ],
  [
    /^\d\.1\.(?:2|10)$|^\d\.4\.4$/u,
    {
      en:
        'The domain of the address does not exist or takes no email. Check what stands ' +
        'after the @.',
      id: 'Domain alamat itu tidak ada atau tidak menerima email. Periksa bagian setelah @.',
    },
  ],
  [
    /^\d\.2\.2$/u,
    {
      en: 'The mailbox is full. Ask its owner to make room.',
      id: 'Kotak surat itu penuh. Minta pemiliknya mengosongkan sebagian.',
    },
  ],
  [
    /^\d\.2\.1$/u,
    {
      en: 'The mailbox is switched off.',
      id: 'Kotak surat itu dinonaktifkan.',
    },
  ],
  [
    /^\d\.(?:2\.3|3\.4)$/u,
    {
      en: 'The email is larger than their server takes. Send less at once, or a link.',
      id:
        'Email lebih besar daripada yang diterima server tujuan. Kirim lebih sedikit, ' +
        'atau kirim tautan.',
    },
  ],
  [
    /^\d\.7\.\d+$/u,
    {
      en: 'Their server refuses it by its own rules; its answer below says more.',
      id: 'Server tujuan menolaknya menurut aturannya sendiri; jawabannya di bawah menjelaskan.',
    },
  ],
  [
    /^\d\.6\.\d+$/u,
    {
      en: 'Their server cannot take this kind of email (for example an address in another script).',
      id:
        'Server tujuan tidak dapat menerima jenis email ini (misalnya alamat dengan ' +
        'aksara lain).',
    },
  ],
  [
    /^\d\.4\.6$/u,
    {
      en: 'The email went in circles: two servers each take the other for its place.',
      id: 'Email ini berputar-putar: dua server saling menganggap yang lain tujuannya.',
    },
  ],
  [
    /^\d\.4\.7$/u,
    {
      en: 'Their server did not take the email within the time we keep trying.',
      id: 'Server tujuan tidak menerima email dalam jangka waktu percobaan kami.',
    },
  ],
  [
    /^\d\.4\.\d+$/u,
    {
      en: 'Their server cannot be reached at present.',
      id: 'Server tujuan sedang tidak dapat dihubungi.',
    },
  ],
  [
    /^4\./u,
    {
      en: 'Their server asks us to come back later.',
      id: 'Server tujuan meminta kami datang lagi nanti.',
    },
  ],
];

const otherwise: BothLanguages = {
  en: 'Their server did not take the email; its answer below says more.',
  id: 'Server tujuan tidak menerima email; jawabannya di bawah menjelaskan.',
};

export function reasonOf(status: string): BothLanguages {
  return reasons.find(([code]) => code.test(status))?.[1] ?? otherwise;
}

export const dsnLabels = {
  answer: (server: string | null, answer: string): BothLanguages => ({
    en: server === null ? `Reason: ${answer}` : `Answer of ${server}: ${answer}`,
    id: server === null ? `Alasan: ${answer}` : `Jawaban ${server}: ${answer}`,
  }),
  retryUntil: (date: string): BothLanguages => ({
    en: `It is tried until ${date}.`,
    id: `Dicoba sampai ${date}.`,
  }),
  more: (count: number): BothLanguages => ({
    en: `and ${count} more`,
    id: `dan ${count} lagi`,
  }),
  about: (subject: string, date: string): BothLanguages => ({
    en: `Your email${subject === '' ? '' : ` "${subject}"`} reached us on ${date}.`,
    id: `Email Anda${subject === '' ? '' : ` "${subject}"`} kami terima pada ${date}.`,
  }),
  from: (server: string): BothLanguages => ({
    en: `This report was written by the mail server ${server}.`,
    id: `Laporan ini ditulis oleh server email ${server}.`,
  }),
} as const;
