-- Referral programmes.

-- Who was given a referral code by its referrer: the holder records (rh_…) of referees. The referrer's own is the link of
-- the publication. The primary key decides between two who add the same customer.
CREATE TABLE referral_holders (
  project_id int NOT NULL,
  voucher_id text COLLATE "C" NOT NULL,
  customer_id text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  metadata jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (project_id, voucher_id, customer_id)
);
CREATE UNIQUE INDEX referral_holders_id ON referral_holders (project_id, id);
CREATE INDEX referral_holders_customer ON referral_holders (project_id, customer_id, id);

-- That somebody was referred: a fact, so it outlives the code, the campaign and both customers. A programme refers a
-- customer once, whatever he does afterwards: the primary key decides.
CREATE TABLE referrals (
  project_id int NOT NULL,
  campaign_id text COLLATE "C" NOT NULL,
  customer_id text COLLATE "C" NOT NULL,            -- the referee
  referrer_id text COLLATE "C" NOT NULL,
  voucher_id text COLLATE "C" NOT NULL,
  related_object_id text COLLATE "C" NOT NULL,
  related_object_type text COLLATE "C" NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (project_id, campaign_id, customer_id)
);
CREATE INDEX referrals_customer ON referrals (project_id, customer_id, created_at, campaign_id);
CREATE INDEX referrals_referrer ON referrals (project_id, referrer_id, campaign_id);
CREATE INDEX referrals_created_at ON referrals (project_id, campaign_id, created_at);

-- What followed for a customer from what others or the clock did: part of its activity.
CREATE INDEX events_of_relations ON events (project_id, entity_id, created_at, id)
  WHERE type IN ('customer.referred', 'customer.segment.entered', 'customer.segment.left');

-- Who was in an auto-update segment when it was looked at last: rows of segment_members too, so that entering and leaving are
-- told once. Those that exist already are taken up by the sweeper: they were never checked.
ALTER TABLE segments
  ADD COLUMN synced_at timestamptz(3),                            -- when everybody had been looked at once
  ADD COLUMN synced_after text COLLATE "C" NOT NULL DEFAULT '',   -- how far a pass over all customers came
  ADD COLUMN is_timed boolean NOT NULL DEFAULT false,             -- whether its filter depends on the clock
  ADD COLUMN checked_at timestamptz(3) NOT NULL DEFAULT '-infinity';
ALTER TABLE segments ALTER COLUMN checked_at SET DEFAULT now();

-- Of which campaigns somebody wants to know when the pool will soon be empty. `is_low`: it was told, and is so still.
CREATE TABLE pool_alerts (
  project_id int NOT NULL,
  campaign_id text COLLATE "C" NOT NULL,
  below_days int NOT NULL CHECK (below_days > 0),
  is_low boolean NOT NULL DEFAULT false,
  checked_at timestamptz(3) NOT NULL DEFAULT '-infinity',
  PRIMARY KEY (project_id, campaign_id)
);
CREATE INDEX pool_alerts_checked_at ON pool_alerts (project_id, checked_at);
