//! Frozen first values of every stream and every law. A change here changes every result: it needs
//! an entry in the change log.

use std::sync::Arc;

use rand::Rng;

use super::{Gamma, Key, Law, Purpose, Seed};
use crate::units::SimDuration;

const SEED: Seed = Seed { seed: 1, replication: 0 };

/// The bit patterns that the laws are frozen at: both ends, a low, a middle and a high one.
const BITS: [u64; 5] = [0, 1 << 50, 1 << 63, 0xf333_3333_3333_3333, u64::MAX];

/// The first two words of each stream of seed 1, replication 0.
const STREAMS: [(Purpose, [u64; 2]); 28] = [
    (Purpose::Interarrival, [0x7792_bf21_a930_66b9, 0x8679_23ac_fdc5_d5a3]),
    (Purpose::Demand, [0xbe9f_dc4d_334b_a1fb, 0x2134_7b76_14f1_7607]),
    (Purpose::Route, [0x4b91_93a3_e44c_38e9, 0xd0aa_65e2_5d47_32af]),
    (Purpose::Failure, [0x2b5e_5ba0_6346_40a0, 0x1303_4075_2f94_91be]),
    (Purpose::Burst, [0x6f21_3258_aa39_c522, 0xc5cd_34f3_71f8_16da]),
    (Purpose::User, [0x2b77_2124_acef_88f0, 0x1b75_4e52_b6c4_1ac9]),
    (Purpose::SessionLength, [0x3fbc_668f_22db_00ca, 0xe4a6_eb1a_3368_c1ef]),
    (Purpose::RetryRoute, [0xf9dd_3376_fa96_867e, 0x75fe_bfae_6dbd_8b1f]),
    (Purpose::RetryJitter, [0x53ce_aec2_2a08_e0ac, 0x8a93_66d2_d9a1_746d]),
    (Purpose::RetryFailure, [0x7772_b577_9cec_fde1, 0x0ae1_b3f0_9d76_189b]),
    (Purpose::MixedFailure, [0x9dd5_3355_aa8c_6570, 0x3145_50df_a0dc_ff88]),
    (Purpose::Provision, [0x6efa_546b_3da7_2362, 0xae78_492a_d1b8_8633]),
    (Purpose::Pull, [0xf3a0_abed_70f2_fb8c, 0x49ac_737f_b929_7eda]),
    (Purpose::Boot, [0x7222_c7f7_5d74_4481, 0xf466_ce3a_bfc3_e024]),
    (Purpose::StartFailure, [0x012c_9801_a17f_c1a7, 0x45d1_31d3_fd3f_f646]),
    (Purpose::StartFailureMoment, [0xbe6d_3393_9c8f_6add, 0x2be7_c61a_8e46_d5e1]),
    (Purpose::NeverReady, [0xe900_b102_a885_5d3a, 0x4ba0_e05c_8995_fb74]),
    (Purpose::CrashAfter, [0x4a37_488a_13e4_dcdf, 0x6c34_bfc9_ea9b_8939]),
    (Purpose::Deploy, [0x32c3_3fd1_0ccb_4669, 0xe0de_1287_bc50_3bd3]),
    (Purpose::BalancerLag, [0xa1a2_2c8f_7fb4_0eb3, 0x81ce_d5fb_0444_8579]),
    (Purpose::SwitchLag, [0xba44_d495_6566_0ed4, 0x5ef7_b110_5ab0_7466]),
    (Purpose::FaultFailure, [0xbfa0_9f04_ec43_097b, 0x315e_b8df_09d8_f02d]),
    (Purpose::DependencyFailure, [0x9005_db6f_a8bb_a34f, 0x6d94_c37c_e0d0_639d]),
    (Purpose::FaultHappens, [0xa6a3_dc3b_46a7_9180, 0x4594_e36f_b6ee_f44d]),
    (Purpose::FaultScope, [0xb604_6f07_3438_bdee, 0xa064_9626_3088_7e3a]),
    (Purpose::FaultCrash, [0x27ec_81cc_36af_2457, 0x8e7b_e0cd_30f6_d119]),
    (Purpose::ProbeFlap, [0x2fda_c91a_0edd_9169, 0x33a5_a634_5e88_7dd2]),
    (Purpose::Synthetic, [0xe587_d9c5_c4f4_6f6f, 0x84e1_da8b_a710_0a27]),
];

#[test]
fn streams_begin_as_ever() {
    for (purpose, want) in STREAMS {
        let mut stream = SEED.stream(purpose);
        assert_eq!([stream.next_u64(), stream.next_u64()], want, "{purpose:?}");
    }
}

#[test]
fn keyed_draws_are_as_ever() {
    let check = |key: Key, entity, k, want| assert_eq!(key.draw(entity, k), want, "{entity} {k}");
    check(SEED.key(Purpose::Boot), 0, 0, 0xf2b0_6fcb_f5f1_fd8f);
    check(SEED.key(Purpose::Boot), 7, 3, 0x8e11_38ea_4bdc_b6c3);
    check(SEED.key(Purpose::CrashAfter), 0, 0, 0x6a5d_0f75_8cbe_595d);
    check(Seed { seed: 1, replication: 1 }.key(Purpose::Boot), 0, 0, 0xd53f_9cf4_1266_2685);
    check(Seed { seed: u64::MAX, replication: 0 }.key(Purpose::Boot), 0, 0, 0xfb53_b948_2f2b_01c2);
}

/// Each law with its draws in nanoseconds at [`BITS`].
fn laws() -> Vec<(Law, [u64; 5])> {
    let s = SimDuration::from_secs;
    let gamma = |shape, scale| Law::Gamma(Arc::new(Gamma::new(shape, scale)));
    vec![
        (Law::Constant(s(3)), [3_000_000_000; 5]),
        (
            Law::Uniform { min: 1.0, max: 4.0 },
            [1_000_000_000, 1_000_183_105, 2_500_000_000, 3_850_000_000, 4_000_000_000],
        ),
        (Law::Exponential { mean: 0.032 }, [0, 1_953, 22_180_710, 95_863_433, 1_419_565_426]),
        (
            Law::Normal { mean: 2.0, sd: 1.5 },
            [0, 507_184, 2_171_849_662, 4_536_169_610, 14_331_519_271],
        ),
        (
            Law::Lognormal { mu: 0.2965, sigma: 1.326 },
            [25_183, 8_247_047, 1_345_142_560, 11_912_352_767, 71_850_649_923_283],
        ),
        (gamma(0.25, 40.0), [0, 0, 1_746_952_094, 48_404_645_498, 1_312_351_353_437]),
        (gamma(9.0, 0.5), [35_241_085, 832_013_913, 4_334_475_592, 7_217_324_858, 29_439_588_199]),
        (
            gamma(1e4, 1e-3),
            [9_201_039_066, 9_620_385_368, 9_999_666_669, 10_165_051_912, 10_843_221_780],
        ),
        (
            Law::Weibull { scale: 10.0, shape: 0.7 },
            [0, 9_537, 5_923_901_130, 47_942_267_284, 1_721_309_809_648],
        ),
        (
            Law::Pareto { min: 2.0, shape: 2.5 },
            [2_000_000_000, 2_000_048_830, 2_639_015_822, 6_628_908_035, 4_817_990_105_157_484],
        ),
        (
            Law::Empirical(Arc::new([s(1), s(2), s(9)])),
            [1_000_000_000, 1_000_000_000, 2_000_000_000, 9_000_000_000, 9_000_000_000],
        ),
        (Law::List(Arc::new([None, Some(s(5))])), [5_000_000_000; 5]),
    ]
}

#[test]
fn laws_draw_as_ever() {
    for (law, want) in laws() {
        let got = BITS.map(|bits| law.draw(bits, 1).map_or(0, SimDuration::as_nanos));
        assert_eq!(got, want, "{law:?}");
    }
}
