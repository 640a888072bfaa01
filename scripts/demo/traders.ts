/** The forty people of the demo market. Names are common given names with a letter; nobody real is meant. */
import { TRADER_COUNT } from './simulator.ts';

export type DemoTrader = { readonly email: string; readonly username: string; readonly displayName: string };

const GIVEN_NAMES = [
  'Ada',
  'Ben',
  'Chloe',
  'Dario',
  'Elif',
  'Femi',
  'Grace',
  'Hugo',
  'Ines',
  'Jonas',
  'Keiko',
  'Liam',
  'Maya',
  'Nils',
  'Olga',
  'Pablo',
  'Quinn',
  'Rosa',
  'Sami',
  'Tara',
  'Umar',
  'Vera',
  'Wes',
  'Xenia',
  'Yusuf',
  'Zoe',
  'Amir',
  'Bea',
  'Cem',
  'Dina',
  'Emil',
  'Freya',
  'Gus',
  'Hana',
  'Ivo',
  'Jade',
  'Kofi',
  'Lena',
  'Milo',
  'Nora',
];
const LETTERS = 'ABCDEFGHJKLMNPRSTW';

export const DEMO_TRADERS: readonly DemoTrader[] = Array.from({ length: TRADER_COUNT }, (_, index) => {
  const number = String(index + 1).padStart(2, '0');
  const letter = LETTERS[(index * 7) % LETTERS.length];
  return {
    email: `trader${number}@bourse.example`,
    username: `trader${number}`,
    displayName: `${GIVEN_NAMES[index]} ${letter}.`,
  };
});
