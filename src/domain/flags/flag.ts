/** Switches of the whole house, with what they are when nobody has touched them (GR-10, reliability R15). */
export const FLAGS = {
  registration_open: { isOnByDefault: true, description: 'New accounts can be made' },
  trading_enabled: {
    isOnByDefault: true,
    description: 'Books take orders; off leaves reading and cancelling',
  },
  souk_enabled: { isOnByDefault: true, description: 'Listings can be published and offers made' },
  payouts_enabled: { isOnByDefault: true, description: 'Money leaves for the banks of sellers' },
} as const satisfies Record<string, { isOnByDefault: boolean; description: string }>;

export type Flag = keyof typeof FLAGS;
export const FLAG_NAMES = Object.keys(FLAGS) as [Flag, ...Flag[]];
