/** Sentences for journey codes in the languages we speak; `{name}` stands for the argument `name`. */

export interface Sentence {
  readonly en: string;
  readonly id: string;
}

export type Words = Readonly<Record<string, Sentence>>;
