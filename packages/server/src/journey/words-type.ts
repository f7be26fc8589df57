/**
 * Sentences for journey codes in the languages we speak. `{name}` stands for the argument `name`;
 * `{name:recipient|recipients}` for the first word when it is 1 and for the second when it is not.
 */

export interface Sentence {
  readonly en: string;
  readonly id: string;
}

export type Words = Readonly<Record<string, Sentence>>;
