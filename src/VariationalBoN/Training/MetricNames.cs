using System.Collections.Frozen;

namespace VariationalBoN.Training;

/// <summary>The names of the usual metrics, one spelling each. Stateless, thread-safe.</summary>
public static class MetricNames
{
    /// <summary>Mean reward of the completions of the step, in the unit of the reward.</summary>
    public const string Reward = "reward";

    /// <summary>KL(pi_theta || pi_ref) by k1, the mean log-ratio, in nats per completion.</summary>
    public const string Kl = "kl";

    /// <summary>The standard error of <see cref="Kl"/> over prompts, in nats.</summary>
    public const string KlStandardError = "kl_standard_error";

    /// <summary>Mean of log pi_theta - log pi_bon, an estimate of KL(pi_theta || pi_bon), in nats.</summary>
    public const string ObjectiveGap = "objective_gap";

    /// <summary>Minus the mean log pi_theta of a drawn token: the entropy a token, in nats.</summary>
    public const string Entropy = "entropy";

    /// <summary>(different completions of a prompt - 1) / (K - 1): 0 when all are the same, 1 when all differ.</summary>
    public const string Diversity = "diversity";

    /// <summary>The share of prompts all of whose completions have the same reward, 0 to 1.</summary>
    public const string ZeroSpreadShare = "zero_spread_share";

    /// <summary>The share of completions whose reward is above all reference rewards of their prompt, 0 to 1.</summary>
    public const string SaturatedShare = "saturated_share";

    /// <summary>Mean number of drawn tokens.</summary>
    public const string Length = "length";

    /// <summary>The share of completions cut at the maximum length, 0 to 1.</summary>
    public const string TruncatedShare = "truncated_share";

    /// <summary>The number of completions that were drawn but have no reward.</summary>
    public const string Excluded = "excluded";

    /// <summary>The number of completions with a reward that were alone in their group and left out.</summary>
    public const string LeftOut = "left_out";

    /// <summary>The value that was differentiated; of the score function it means nothing by itself.</summary>
    public const string Loss = "loss";

    /// <summary>The norm of the gradient before clipping.</summary>
    public const string GradientNorm = "gradient_norm";

    /// <summary>The learning rate of the step.</summary>
    public const string LearningRate = "learning_rate";

    /// <summary>The norm of the last update over the norm of the weights, as they are stored.</summary>
    public const string UpdateRatio = "update_ratio";

    /// <summary>The share of weights that differ from what they were before
    /// the first step, of those that have had a gradient, 0 to 1.</summary>
    public const string ChangedShare = "changed_share";

    private static readonly FrozenDictionary<string, string> s_units = new Dictionary<string, string>
    {
        [Kl] = "nat",
        [KlStandardError] = "nat",
        [ObjectiveGap] = "nat",
        [Entropy] = "nat",
        [Diversity] = "1",
        [ZeroSpreadShare] = "1",
        [SaturatedShare] = "1",
        [Length] = "{token}",
        [TruncatedShare] = "1",
        [Excluded] = "{completion}",
        [LeftOut] = "{completion}",
        [UpdateRatio] = "1",
        [ChangedShare] = "1",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The unit in the notation of UCUM; null where the metric has none of its own.</summary>
    internal static string? UnitOf(string name) => s_units.GetValueOrDefault(name);
}
