//! What goes wrong, and is put right again.

use std::time::Duration;

use rustix::process::Signal;

use crate::bed::Bed;
use crate::dice::Dice;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The hub is killed and starts again.
    Kill,
    /// It is asked to stop and starts again.
    Stop,
    /// It starts while its disk is full.
    KillOnFullDisk,
    /// It stands still, as in a machine that is moved.
    Freeze,
    /// Its disk is full.
    FullDisk,
    /// Its clock runs ahead and is put right.
    ClockAhead,
    /// Its clock is behind and is put right.
    ClockBehind,
    /// Scripts are killed.
    ScriptsDie,
    /// Redis is killed.
    RedisDies,
    /// RabbitMQ is killed.
    BrokerDies,
    /// RabbitMQ closes all connections.
    BrokerHangsUp,
    /// RabbitMQ takes no messages.
    BrokerIsFull,
}

impl Fault {
    /// Those that the hub lives through.
    pub(crate) const OUTSIDE: [Fault; 9] = [
        Fault::FullDisk,
        Fault::ClockAhead,
        Fault::RedisDies,
        Fault::Freeze,
        Fault::BrokerHangsUp,
        Fault::ScriptsDie,
        Fault::ClockBehind,
        Fault::BrokerDies,
        Fault::BrokerIsFull,
    ];

    /// Those that end it.
    pub(crate) const DEADLY: [Fault; 5] =
        [Fault::Kill, Fault::Stop, Fault::KillOnFullDisk, Fault::RedisDies, Fault::Kill];

    /// Lets it happen, and puts it right.
    pub(crate) async fn strike(self, bed: &mut Bed, dice: &mut Dice) {
        let while_ = Duration::from_millis(500 + dice.roll(2500));
        match self {
            Fault::Kill => {
                bed.kill();
                bed.start().await;
            }
            Fault::Stop => {
                assert_eq!(bed.stop().await, Some(0), "{}", bed.log());
                bed.start().await;
            }
            Fault::KillOnFullDisk => {
                bed.fill_disk();
                tokio::time::sleep(while_).await;
                bed.kill();
                bed.spawn();
                tokio::time::sleep(while_).await;
                bed.empty_disk();
                bed.wait_until("there is room", async |bed| bed.client.ready().await.is_ok_and(|r| r.ready))
                    .await;
            }
            Fault::Freeze => {
                bed.signal(Signal::STOP);
                tokio::time::sleep(2 * while_).await;
                bed.signal(Signal::CONT);
            }
            Fault::FullDisk => {
                bed.fill_disk();
                tokio::time::sleep(while_).await;
                bed.empty_disk();
            }
            Fault::ClockAhead | Fault::ClockBehind => {
                let far = i64::try_from(60 + dice.roll(7200)).unwrap();
                bed.set_clock(if self == Fault::ClockAhead { far } else { -far });
                tokio::time::sleep(Duration::from_secs(1) + while_).await;
                bed.set_clock(0);
            }
            Fault::ScriptsDie => bed.kill_scripts(),
            Fault::RedisDies => {
                bed.redis.crash();
                tokio::time::sleep(while_).await;
                bed.redis.revive().unwrap();
            }
            Fault::BrokerDies => {
                bed.broker.crash();
                tokio::time::sleep(while_).await;
                bed.broker.revive().unwrap();
            }
            Fault::BrokerHangsUp => {
                bed.broker.rabbitmqctl(&["close_all_connections", "soak"]).unwrap();
            }
            Fault::BrokerIsFull => {
                bed.broker.rabbitmqctl(&["set_vm_memory_high_watermark", "0.000001"]).unwrap();
                tokio::time::sleep(while_).await;
                bed.broker.rabbitmqctl(&["set_vm_memory_high_watermark", "0.4"]).unwrap();
            }
        }
    }
}
