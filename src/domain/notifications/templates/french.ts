type Notices = Partial<Record<string, readonly [string, string]>>;
type Mails = Partial<Record<string, readonly [string, string, string]>>;

export const FR_NOTICES: Notices = {
  outbid: [
    'Votre offre est dépassée',
    'Quelqu’un offre {{top}} pour {{item}} ; la vôtre, de {{price}}, n’est plus la meilleure.',
  ],
  bid_expiring: [
    'Votre offre expire bientôt',
    'Votre offre de {{price}} pour {{item}} expire le {{expires}}.',
  ],
  bid_expired: ['Votre offre a expiré', 'Votre offre de {{price}} pour {{item}} a expiré sans contrepartie.'],
  ask_expiring: [
    'Votre demande expire bientôt',
    'Votre demande de {{price}} pour {{item}} expire le {{expires}}.',
  ],
  ask_expired: [
    'Votre demande a expiré',
    'Votre demande de {{price}} pour {{item}} a expiré sans contrepartie.',
  ],
  match_bought: [
    'Vous avez acheté {{item}}',
    'Votre offre a été exécutée à {{price}}. Total : {{total}} ; commande {{order_number}}.',
  ],
  match_sold: [
    'Vous avez vendu {{item}}',
    'Votre demande a été exécutée à {{price}}. Vous recevez {{payout}} ; commande {{order_number}}.',
  ],
  order_created: ['Commande {{order_number}}', 'Votre commande de {{item}} est passée. Total : {{total}}.'],
  order_received: [
    'Nouvelle commande {{order_number}}',
    'Quelqu’un a commandé {{item}}. Vous serez prévenu du paiement.',
  ],
  payment_succeeded: [
    'Paiement reçu',
    'Vous avez payé {{total}} pour {{item}}. Nous le gardons jusqu’à la réception.',
  ],
  order_paid: [
    'La commande {{order_number}} est payée',
    '{{item}} est payé : expédiez avant le {{ship_by}}.',
  ],
  payment_held: [
    'Un paiement vous attend',
    '{{total}} pour {{item}} est gardé jusqu’à la réception par l’acheteur.',
  ],
  order_processing: ['La commande {{order_number}} est en préparation', 'Le vendeur prépare {{item}}.'],
  ship_by_reminder: [
    'Expédiez bientôt {{item}}',
    'La commande {{order_number}} doit partir avant le {{ship_by}}, sinon elle est annulée.',
  ],
  order_shipped: ['{{item}} est en route', 'Expédié avec {{carrier}}, numéro de suivi {{tracking}}.'],
  order_delivered: [
    '{{item}} est arrivé',
    'Vérifiez-le sous trois jours, puis confirmez ou dites-nous ce qui ne va pas.',
  ],
  order_arrived: ['{{item}} est arrivé', 'L’acheteur a trois jours pour le vérifier, puis vous êtes payé.'],
  inspection_ending: [
    'Encore un jour pour {{item}}',
    'Confirmez ou dites-nous ce qui ne va pas ; demain la commande est close.',
  ],
  order_completed: [
    'La commande {{order_number}} est terminée',
    'C’était {{item}}. Dites aux autres comment cela s’est passé.',
  ],
  order_cancelled: [
    'La commande {{order_number}} est annulée',
    '{{item}} ne sera pas livré. Ce qui a été payé est rendu à l’acheteur.',
  ],
  payment_failed: [
    'Paiement refusé',
    'La commande {{order_number}} de {{item}} n’a pas pu être payée ; elle est close.',
  ],
  order_on_hold: [
    'La commande {{order_number}} est suspendue',
    'Nous examinons la commande de {{item}}. Ses délais attendent.',
  ],
  refund_issued: [
    '{{amount}} vous est rendu',
    'Votre remboursement pour {{item}}, commande {{order_number}}, est en route.',
  ],
  payment_released: ['{{payout}} est à vous', '{{item}} est réglé, l’argent est dans votre portefeuille.'],
  payout_completed: ['{{amount}} a été versé', 'Votre versement est parti vers votre banque.'],
  goods_passed: [
    '{{item}} est authentique',
    'Les articles de la commande {{order_number}} ont été contrôlés et acceptés.',
  ],
  goods_failed: [
    '{{item}} n’a pas été accepté',
    'Les articles de la commande {{order_number}} ont été contrôlés et ne sont pas ce qui a été vendu. Vous n’avez rien à faire.',
  ],
  goods_refused: [
    '{{item}} n’a pas été accepté',
    'Les articles de la commande {{order_number}} ont été contrôlés et refusés. {{reason}} Vous pouvez faire appel.',
  ],
  payout_failed: ['Votre versement a échoué', '{{amount}} est de retour dans votre portefeuille. {{reason}}'],
  new_offer: ['Nouvelle offre pour {{item}}', '{{person}} propose {{amount}}.'],
  offer_countered: ['Contre-offre pour {{item}}', '{{person}} propose {{amount}}. À vous de répondre.'],
  offer_accepted: ['Offre acceptée', '{{item}} pour {{amount}} : l’offre est acceptée.'],
  offer_declined: ['Offre refusée', 'L’offre de {{amount}} pour {{item}} a été refusée.'],
  offer_expired: ['Offre expirée', 'L’offre de {{amount}} pour {{item}} a expiré.'],
  offer_lapsed: ['Une vente n’a pas abouti', '{{item}} n’a pas été payé à temps et est de nouveau en vente.'],
  new_message: ['{{person}}', '{{preview}}'],
  messages_many: ['{{person}} : {{count}} nouveaux messages', '{{preview}}'],
  product_sold: ['{{item}} est vendu', 'Votre annonce est vendue pour {{price}}.'],
  price_drop: ['{{item}} coûte moins', 'Le prix est maintenant {{price}}.'],
  price_alert: ['{{item}} à {{price}}', 'La demande la plus basse a atteint vos {{threshold}}.'],
  review_received: ['Un avis sur vous', '{{person}} vous a donné {{rating}} sur 5.'],
  new_follower: ['{{person}} vous suit', 'Cette personne verra vos annonces.'],
  user_registered: ['Bienvenue chez Bourse', 'Votre compte est prêt.'],
  password_changed: [
    'Votre mot de passe a changé',
    'Si ce n’était pas vous, choisissez-en un autre tout de suite.',
  ],
  email_change: ['Confirmez votre nouvelle adresse', 'Suivez le lien pour confirmer votre nouvelle adresse.'],
  email_changed: [
    'Votre adresse a changé',
    'Les messages de votre compte vont désormais à une autre adresse. Si ce n’était pas vous, écrivez-nous tout de suite.',
  ],
  email_verified: ['Votre adresse est confirmée', 'Les messages de votre compte vous parviennent.'],
  two_factor_enabled: [
    'La connexion en deux étapes est activée',
    'Un code est désormais demandé en plus du mot de passe. Si ce n’était pas vous, changez de mot de passe.',
  ],
  two_factor_disabled: [
    'La connexion en deux étapes est désactivée',
    'Le mot de passe seul ouvre maintenant votre compte. Si ce n’était pas vous, changez-le tout de suite.',
  ],
  two_factor_reset: [
    'Votre deuxième étape a été réinitialisée',
    'Nous l’avons retirée à la demande du titulaire et avons déconnecté tous les appareils. Si personne ne l’a demandé en votre nom, changez de mot de passe.',
  ],
  recovery_codes_made: [
    'Nouveaux codes de secours',
    'De nouveaux codes ont été créés ; les anciens ne fonctionnent plus. Si ce n’était pas vous, changez de mot de passe.',
  ],
  role_changed: ['Votre rôle a changé', 'Vous êtes maintenant {{role}}. Reconnectez-vous pour continuer.'],
  new_device: ['Nouvelle connexion', 'Votre compte a été ouvert sur un nouvel appareil. {{device}}'],
};

export const FR_MAILS: Mails = {
  email_verification: [
    'Confirmez votre adresse e-mail',
    'Bonjour {{name}},\n\nmerci de confirmer que cette adresse est la vôtre. Le lien fonctionne une fois, pendant trois jours.\n\nSi vous n’avez pas de compte ici, ignorez ce message.',
    'Confirmer l’adresse',
  ],
  email_change: [
    'Confirmez votre nouvelle adresse e-mail',
    'Bonjour {{name}},\n\nconfirmez que les messages de votre compte doivent arriver à cette adresse. Le lien fonctionne une fois, pendant un jour.\n\nSi vous n’avez pas de compte ici, ignorez ce message.',
    'Confirmer l’adresse',
  ],
  password_reset: [
    'Choisissez un nouveau mot de passe',
    'Bonjour {{name}},\n\nquelqu’un, vous sans doute, a demandé un nouveau mot de passe. Le lien fonctionne une fois, pendant une heure, et vous déconnecte partout.\n\nSi ce n’était pas vous, ignorez ce message : votre mot de passe reste le même.',
    'Choisir un mot de passe',
  ],
  password_changed: [
    'Votre mot de passe a changé',
    'Bonjour {{name}},\n\nvotre mot de passe a changé et les autres appareils sont déconnectés.\n\nSi ce n’était pas vous, demandez tout de suite un nouveau mot de passe.',
    'Ouvrir Bourse',
  ],
  account_locked: [
    'Quelqu’un essaie d’ouvrir votre compte',
    'Bonjour {{name}},\n\nde nombreux mots de passe faux ont été essayés ; nous ralentissons leur auteur. Vous pouvez toujours vous connecter d’où vous le faites d’habitude.',
    'Ouvrir Bourse',
  ],
  new_device: [
    'Nouvelle connexion à votre compte',
    'Bonjour {{name}},\n\nvotre compte a été ouvert sur un appareil que nous ne connaissions pas : {{device}}\n\nSi ce n’était pas vous, changez de mot de passe.',
    'Voir vos appareils',
  ],
  account_deleted: [
    'Votre compte est supprimé',
    'Bonjour,\n\nvotre compte est supprimé. Ce que la loi nous fait garder, comme les commandes, reste sans votre nom.',
    'Ouvrir Bourse',
  ],
  user_registered: [
    'Bienvenue chez Bourse',
    'Bonjour {{name}},\n\nvotre compte est prêt. Faites des offres, mettez en vente et marchandez au souk.',
    'Faire un tour',
  ],
  match_bought: [
    'Vous avez acheté {{item}}',
    'Bonjour {{name}},\n\nvotre offre pour {{item}} a été exécutée à {{price}}.\n\nCommande {{order_number}}\nTotal {{total}}',
    'Voir la commande',
  ],
  match_sold: [
    'Vous avez vendu {{item}}',
    'Bonjour {{name}},\n\nvotre demande pour {{item}} a été exécutée à {{price}}.\n\nCommande {{order_number}}\nVous recevez {{payout}}',
    'Voir la commande',
  ],
  order_created: [
    'Votre commande {{order_number}}',
    'Bonjour {{name}},\n\nmerci pour votre commande de {{item}}.\n\nTotal {{total}}',
    'Voir la commande',
  ],
  order_paid: [
    'Commande {{order_number}} payée : expédiez {{item}}',
    'Bonjour {{name}},\n\n{{item}} est payé. Expédiez avant le {{ship_by}}.\n\nVous recevez {{payout}} quand l’acheteur l’a reçu.',
    'Voir la commande',
  ],
  payment_succeeded: [
    'Nous avons reçu {{total}} pour {{item}}',
    'Bonjour {{name}},\n\nvotre paiement de {{total}} pour la commande {{order_number}} est arrivé.',
    'Voir la commande',
  ],
  payment_failed: [
    'Votre paiement pour {{item}} a échoué',
    'Bonjour {{name}},\n\nla commande {{order_number}} n’a pas pu être payée ; elle est close. Rien ne vous a été pris.',
    'Voir la commande',
  ],
  order_shipped: [
    '{{item}} est en route',
    'Bonjour {{name}},\n\n{{item}} a été expédié.\n\nTransporteur {{carrier}}\nNuméro de suivi {{tracking}}',
    'Voir la commande',
  ],
  refund_issued: [
    '{{amount}} vous est rendu',
    'Bonjour {{name}},\n\nvotre remboursement de {{amount}} pour {{item}}, commande {{order_number}}, est en route.',
    'Voir la commande',
  ],
  payout_completed: [
    '{{amount}} a été versé',
    'Bonjour {{name}},\n\nvotre versement de {{amount}} est parti vers votre banque.',
    'Ouvrir le portefeuille',
  ],
};
