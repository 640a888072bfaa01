/** English has every template; other languages fall back to it. */
export const EN_NOTICES = {
  outbid: [
    'You were outbid',
    'Somebody bid {{top}} for {{item}}; your bid of {{price}} is no longer the highest.',
  ],
  bid_expiring: ['Your bid ends soon', 'Your bid of {{price}} for {{item}} ends on {{expires}}.'],
  bid_expired: ['Your bid has ended', 'Your bid of {{price}} for {{item}} ended without a match.'],
  ask_expiring: ['Your ask ends soon', 'Your ask of {{price}} for {{item}} ends on {{expires}}.'],
  ask_expired: ['Your ask has ended', 'Your ask of {{price}} for {{item}} ended without a match.'],
  match_bought: [
    'You bought {{item}}',
    'Your bid matched at {{price}}. You pay {{total}} in all; order {{order_number}}.',
  ],
  match_sold: [
    'You sold {{item}}',
    'Your ask matched at {{price}}. You are paid {{payout}}; order {{order_number}}.',
  ],
  order_created: ['Order {{order_number}}', 'Your order of {{item}} is placed. The total is {{total}}.'],
  order_received: ['New order {{order_number}}', 'Somebody ordered {{item}}. You are told when it is paid.'],
  payment_succeeded: [
    'Payment received',
    'You paid {{total}} for {{item}}. We hold it until you have your parcel.',
  ],
  order_paid: ['Order {{order_number}} is paid', '{{item}} is paid: ship it by {{ship_by}}.'],
  payment_held: [
    'Payment is held for you',
    '{{total}} for {{item}} is held until the buyer has received it.',
  ],
  order_processing: ['Order {{order_number}} is being prepared', 'The seller prepares {{item}} for you.'],
  ship_by_extended: ['A day later', 'The seller of {{item}} needs one more day and ships by {{ship_by}}.'],
  ship_by_reminder: [
    'Ship {{item}} soon',
    'Order {{order_number}} must be shipped by {{ship_by}}, or it is cancelled.',
  ],
  order_shipped: ['{{item}} is on its way', 'Shipped with {{carrier}}, tracking number {{tracking}}.'],
  order_delivered: [
    '{{item}} has arrived',
    'Look at it within three days, then confirm or tell us what is wrong.',
  ],
  order_arrived: ['{{item}} has arrived', 'The buyer has three days to look at it; then you are paid.'],
  inspection_ending: [
    'One day left for {{item}}',
    'Confirm the order or tell us what is wrong; tomorrow it is completed by itself.',
  ],
  order_completed: ['Order {{order_number}} is completed', 'That was {{item}}. Tell others how it went.'],
  order_cancelled: [
    'Order {{order_number}} is cancelled',
    '{{item}} will not be delivered. What was paid goes back to the buyer.',
  ],
  payment_failed: ['Payment failed', 'Order {{order_number}} of {{item}} could not be paid and is closed.'],
  order_closed: ['Order {{order_number}} is closed', 'It was not paid in time. {{item}} is for sale again.'],
  order_unpaid: [
    'Order {{order_number}} was not paid',
    'The buyer did not pay for {{item}}. You owe nobody anything.',
  ],
  order_on_hold: [
    'Order {{order_number}} is on hold',
    'We look into the order of {{item}}. Its deadlines wait.',
  ],
  order_resumed: ['Order {{order_number}} goes on', 'The order of {{item}} is no longer on hold.'],
  order_refunded: ['Order {{order_number}} was refunded', 'The buyer got the money for {{item}} back.'],
  refund_issued: [
    'You get {{amount}} back',
    'Your refund for {{item}}, order {{order_number}}, is on its way.',
  ],
  payment_released: ['{{payout}} is yours', '{{item}} is settled, and the money is in your wallet.'],
  payout_completed: ['{{amount}} was paid out', 'Your payout has left for your bank.'],
  payout_failed: [
    'Your payout failed',
    '{{amount}} could not be paid out and is in your wallet again. {{reason}}',
  ],
  dispute_opened: [
    'A dispute over order {{order_number}}',
    'The payment for {{item}} waits until it is settled.',
  ],
  dispute_updated: ['News in a dispute', 'There is something new in the dispute over {{item}}.'],
  dispute_resolved: ['A dispute is settled', 'The dispute over {{item}} is settled: {{outcome}}.'],
  new_offer: ['New offer for {{item}}', '{{person}} offers {{amount}}.'],
  offer_countered: ['Counter-offer for {{item}}', '{{person}} proposes {{amount}}. It is your turn.'],
  offer_accepted: ['Offer accepted', '{{item}} for {{amount}}: the offer was accepted.'],
  offer_declined: ['Offer declined', 'The offer of {{amount}} for {{item}} was declined.'],
  offer_withdrawn: ['Offer withdrawn', 'The offer of {{amount}} for {{item}} was withdrawn.'],
  offer_expired: ['Offer expired', 'The offer of {{amount}} for {{item}} ran out of time.'],
  offer_lapsed: ['A sale fell through', '{{item}} was not paid in time and is for sale again.'],
  offer_superseded: ['{{item}} is gone', 'It was sold to somebody else; your offer of {{amount}} has ended.'],
  offer_ended: ['Offer ended', 'We ended the offer for {{item}}.'],
  offer_frozen: [
    '{{item}} is reserved',
    'Your offer of {{amount}} waits: it goes on if the sale falls through.',
  ],
  offer_resumed: [
    '{{item}} is open again',
    'Your offer of {{amount}} stands again, with the time it had left.',
  ],
  new_message: ['{{person}}', '{{preview}}'],
  messages_many: ['{{person}}: {{count}} new messages', '{{preview}}'],
  listing_created: ['{{item}} is created', 'Your listing at {{price}} is there.'],
  listing_updated: ['{{item}} was changed', 'Your listing was changed for you.'],
  listing_expired: [
    '{{item}} has expired',
    'Your listing was up for its whole time. List it again whenever you like.',
  ],
  listing_removed: ['{{item}} was removed', 'A moderator removed your listing. {{reason}}'],
  listing_restored: ['{{item}} is back', 'Your listing was restored.'],
  product_sold: ['{{item}} is sold', 'Your listing was sold for {{price}}.'],
  price_drop: ['{{item}} costs less', 'It is {{price}} now.'],
  back_in_market: ['{{item}} is back', 'It is for sale again at {{price}}.'],
  favourite_sold: ['{{item}} is sold', 'Somebody else bought it.'],
  price_alert: ['{{item}} at {{price}}', 'The lowest ask has reached your {{threshold}}.'],
  search_matched: ['New for “{{search}}”', '{{count}} new results for your saved search.'],
  review_received: ['A review of you', '{{person}} gave you {{rating}} of 5.'],
  review_reply: ['An answer to your review', '{{person}} answered what you wrote.'],
  new_follower: ['{{person}} follows you', 'They hear of what you list.'],
  stream_started: ['{{person}} is live', '{{title}}'],
  stream_ended: ['The stream has ended', '{{title}}'],
  user_registered: ['Welcome to Bourse', 'Your account is ready.'],
  email_verification: ['Confirm your address', 'Follow the link to confirm your address.'],
  password_reset: ['A new password', 'Follow the link to choose a new password.'],
  password_changed: ['Your password was changed', 'If it was not you, set a new one at once.'],
  account_locked: [
    'Too many wrong passwords',
    'Somebody tried to sign in to your account. You can still get in.',
  ],
  email_change: ['Confirm your new address', 'Follow the link to confirm your new address.'],
  email_changed: [
    'Your address was changed',
    'Mails of your account now go to another address. If it was not you, write to us at once.',
  ],
  email_verified: ['Your address is confirmed', 'Mails of your account reach you.'],
  two_factor_enabled: [
    'Two-step sign-in is on',
    'From now on a code is asked for besides the password. If it was not you, change your password at once.',
  ],
  two_factor_disabled: [
    'Two-step sign-in is off',
    'The password alone opens your account now. If it was not you, change it at once.',
  ],
  two_factor_reset: [
    'Your second step was reset',
    'We took the second step off your account, as was asked for, and signed out every device. Set it up again when you sign in. If nobody asked in your name, change your password at once.',
  ],
  recovery_codes_made: [
    'New recovery codes',
    'New recovery codes were made, and the old ones work no more. If it was not you, change your password at once.',
  ],
  role_changed: ['Your role was changed', 'You are now {{role}}. Sign in again to go on.'],
  new_device: ['A new sign-in', 'Your account was opened on a new device. {{device}}'],
  account_deleted: ['Your account is deleted', 'We are sorry to see you go.'],
  goods_passed: [
    '{{item}} is authentic',
    'The goods of order {{order_number}} were checked and have passed.',
  ],
  goods_failed: [
    '{{item}} did not pass',
    'The goods of order {{order_number}} were checked and are not what was sold. You need not do anything.',
  ],
  goods_refused: [
    '{{item}} did not pass',
    'The goods of order {{order_number}} were checked and refused. {{reason}} You may appeal.',
  ],
  verification_approved: ['You are verified', 'Your documents were checked and are in order.'],
  verification_rejected: ['Your verification was not accepted', 'You may send other documents. {{reason}}'],
  moderation_action: ['About your account', 'A moderator acted: {{action}}. {{reason}}'],
  announcement: ['{{title}}', '{{text}}'],
} as const satisfies Record<string, readonly [string, string]>;

type Mails = Partial<Record<keyof typeof EN_NOTICES, readonly [string, string, string]>>;

export const EN_MAILS: Mails = {
  email_verification: [
    'Confirm your e-mail address',
    'Hello {{name}},\n\nplease confirm that this address is yours. The link works once and for three days.\n\nIf you have no account here, ignore this message.',
    'Confirm the address',
  ],
  email_change: [
    'Confirm your new e-mail address',
    'Hello {{name}},\n\nplease confirm that mails of your account are to come to this address. The link works once and for one day; until then nothing changes.\n\nIf you have no account here, ignore this message.',
    'Confirm the address',
  ],
  password_reset: [
    'Choose a new password',
    'Hello {{name}},\n\nsomebody, we hope you, asked for a new password. The link works once and for one hour. It signs you out everywhere.\n\nIf it was not you, ignore this message: your password stays as it is.',
    'Choose a new password',
  ],
  password_changed: [
    'Your password was changed',
    'Hello {{name}},\n\nyour password was changed, and every other device was signed out.\n\nIf it was not you, ask for a new password at once.',
    'Open Bourse',
  ],
  account_locked: [
    'Somebody tries to sign in to your account',
    'Hello {{name}},\n\nthere were many wrong passwords for your account, so we slow down whoever it is. You can still sign in from where you always do.\n\nIf your password is an easy one, change it.',
    'Open Bourse',
  ],
  new_device: [
    'A new sign-in to your account',
    'Hello {{name}},\n\nyour account was opened on a device that we have not seen before: {{device}}\n\nIf it was not you, change your password and sign out the other devices.',
    'Look at your devices',
  ],
  account_deleted: [
    'Your account is deleted',
    'Hello,\n\nyour account is deleted. What the law has us keep, such as orders, stays without your name.',
    'Open Bourse',
  ],
  user_registered: [
    'Welcome to Bourse',
    'Hello {{name}},\n\nyour account is ready. Bid on what you are looking for, ask for what you have, and haggle in the souk.',
    'Have a look around',
  ],
  match_bought: [
    'You bought {{item}}',
    'Hello {{name}},\n\nyour bid for {{item}} matched at {{price}}.\n\nOrder {{order_number}}\nTotal {{total}}\n\nWe hold your payment until the parcel is yours.',
    'See the order',
  ],
  match_sold: [
    'You sold {{item}}',
    'Hello {{name}},\n\nyour ask for {{item}} matched at {{price}}.\n\nOrder {{order_number}}\nYou are paid {{payout}}\n\nWe tell you when to ship.',
    'See the order',
  ],
  order_created: [
    'Your order {{order_number}}',
    'Hello {{name}},\n\nthank you for your order of {{item}}.\n\nTotal {{total}}',
    'See the order',
  ],
  order_paid: [
    'Order {{order_number}} is paid: ship {{item}}',
    'Hello {{name}},\n\n{{item}} is paid for. Ship it by {{ship_by}} and enter the carrier and the tracking number.\n\nYou are paid {{payout}} when the buyer has it.',
    'See the order',
  ],
  payment_succeeded: [
    'We received {{total}} for {{item}}',
    'Hello {{name}},\n\nyour payment of {{total}} for order {{order_number}} arrived. We hold it until the parcel is yours.',
    'See the order',
  ],
  payment_failed: [
    'Your payment for {{item}} failed',
    'Hello {{name}},\n\norder {{order_number}} could not be paid and is closed. Nothing was taken from you.',
    'See the order',
  ],
  order_shipped: [
    '{{item}} is on its way',
    'Hello {{name}},\n\n{{item}} was shipped.\n\nCarrier {{carrier}}\nTracking number {{tracking}}',
    'See the order',
  ],
  refund_issued: [
    'You get {{amount}} back',
    'Hello {{name}},\n\nyour refund of {{amount}} for {{item}}, order {{order_number}}, is on its way.',
    'See the order',
  ],
  payout_completed: [
    '{{amount}} was paid out',
    'Hello {{name}},\n\nyour payout of {{amount}} has left for your bank.',
    'Open your wallet',
  ],
};
