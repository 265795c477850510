using System.Globalization;

namespace VariationalBoN.Training;

public sealed partial class TrainingGuard
{
    /// <summary>The optimizer's steps after which weights must have changed.</summary>
    private const long StepsToChange = 20;

    /// <summary>Weights that rounding holds where they were.</summary>
    private IEnumerable<GuardAlarm> Still(long step, StepMetrics metrics)
    {
        bool still = metrics.Update is { Steps: >= StepsToChange } update && update.ChangedShare < _options.MinChangedShare;
        if (Holds(GuardAlarmKind.StandingStill, still))
        {
            yield return new GuardAlarm(
                GuardAlarmKind.StandingStill,
                step,
                $"the share of weights with a gradient that differ from their beginning (after {metrics.Update!.Steps} steps)",
                metrics.Update.ChangedShare,
                _options.MinChangedShare,
                "Steps that are small compared with the weights are rounded away: 16-bit weights do not change at a learning rate below "
                    + "2^-8 of their size. Load the model in float32, train LoRA adapters in float32, or raise the learning rate."
            );
        }
    }

    /// <summary>A reference that moves with the policy, and rewards that prefer nothing.</summary>
    private IEnumerable<GuardAlarm> Unmoved(long step, StepMetrics[] first)
    {
        StepMetrics[] now = [.. _recent.TakeLast(_options.Window)];
        double rise = now.Average(m => m.Reward.Value) - first.Average(m => m.Reward.Value);
        if (Holds(GuardAlarmKind.SharedModule, rise > 0 && Array.TrueForAll(now, m => m.Kl.K1.Value == 0)))
        {
            yield return new GuardAlarm(
                GuardAlarmKind.SharedModule,
                step,
                $"the mean KL to the reference (k1 in each of {now.Length} steps, in nats)",
                0,
                0,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The reward rose by {rise:0.###} while every log-ratio was exactly 0: policy and reference share one module, so "
                        + $"the reference changes with the policy. Give the reference a copy of its own (FrozenCopy, CloneFrozen), or the "
                        + $"base model of LoRA adapters. If the weights do not change at all, the rise is chance."
                )
            );
        }

        double[] flat = Known(now, m => m.ZeroSpreadShare);
        if (Holds(GuardAlarmKind.NoRewardSpread, flat.Length > 0 && Array.TrueForAll(flat, share => share == 1)))
        {
            yield return new GuardAlarm(
                GuardAlarmKind.NoRewardSpread,
                step,
                $"the share of prompts all of whose completions have the same reward (in each of {flat.Length} steps)",
                1,
                1,
                "No completion is better than another of its prompt, so there is nothing to learn. The reward model may read the prompt "
                    + "alone, be saturated, or return a constant when it fails; or the policy always draws the same text. Run RewardCheck "
                    + "on the reward model, raise the temperature, or draw more completions of each prompt."
            );
        }
    }
}
