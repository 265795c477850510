using System.Collections.Immutable;
using VariationalBoN.Policies;

namespace VariationalBoN.Testing.Checks;

/// <summary>What <see cref="PolicyCheck"/> is to check, on how many draws and how strictly.</summary>
/// <remarks>Immutable, thread-safe. Checked where it is used, all faults in one message.</remarks>
public sealed record PolicyCheckOptions
{
    /// <summary>The reference copy at the start of training: log-ratios to it must be 0.</summary>
    /// <value>Default null: that check is skipped.</value>
    public IPolicy? Reference { get; init; }

    /// <summary>Fixes the draws, which are of purpose <see cref="DrawPurpose.Evaluation"/>.</summary>
    /// <value>Default 0.</value>
    public long Seed { get; init; }

    /// <summary>K, the completions of each prompt that seeds, batches and padding are checked on, at least 2.</summary>
    /// <value>Default 8.</value>
    public int CompletionsPerPrompt { get; init; } = 8;

    /// <summary>The draws of a prompt whose frequencies are compared with log-probs:
    /// half find the outcomes, half are counted; at least 100.</summary>
    /// <value>Default 1000.</value>
    public int Draws { get; init; } = 1000;

    /// <summary>How many of the first prompts frequencies and sums are checked on, at least 1.</summary>
    /// <value>Default 2.</value>
    public int FrequencyPrompts { get; init; } = 2;

    /// <summary>The largest difference of two log-probabilities, in nats, that counts as rounding; above 0.</summary>
    /// <value>Default 0.001. Models in half precision need more.</value>
    public double Tolerance { get; init; } = 1e-3;

    /// <summary>The share of completions that rounding may change when batches or caches change; 0 to 1.</summary>
    /// <value>Default 0.02.</value>
    public double DrawTolerance { get; init; } = 0.02;

    /// <summary>The probability that a correct policy fails any of the statistical checks, at most; above 0 and below 1.</summary>
    /// <value>Default 0.0001.</value>
    public double FalseAlarmRate { get; init; } = 1e-4;

    /// <summary>The most completions of a prompt that are enumerated to sum their probabilities, at least 1.</summary>
    /// <value>Default 4096.</value>
    public int MaxEnumeration { get; init; } = 4096;

    /// <summary>All completions of a prompt, for a policy of your own that has few; <see cref="TabularPolicy"/> and
    /// <see cref="CausalLmPolicy"/> need none.</summary>
    /// <value>Default null: such a policy is not enumerated.</value>
    public Func<Prompt, IReadOnlyList<Completion>>? Enumerate { get; init; }

    /// <summary>The stop tokens of a policy of your own. <see cref="CausalLmPolicy"/> says its own.</summary>
    /// <value>Default null: it has none, or they are not to be checked.</value>
    public ImmutableArray<int>? StopTokens { get; init; }

    /// <summary>
    /// Whether the log-prob of a completion cut after its first token is that of its first token, as it is for a policy that sums over the
    /// tokens it is given. Where it throws for such completions first tokens are not tested.
    /// </summary>
    /// <value>Default true.</value>
    public bool ScoresPrefixes { get; init; } = true;

    /// <summary>Refuses options out of range.</summary>
    /// <exception cref="ArgumentException">The message names every fault.</exception>
    internal void Validate()
    {
        var faults = new List<string>();
        Require(CompletionsPerPrompt >= 2, $"CompletionsPerPrompt is {CompletionsPerPrompt}; it must be at least 2");
        Require(Draws >= 100, $"Draws is {Draws}; it must be at least 100");
        Require(FrequencyPrompts >= 1, $"FrequencyPrompts is {FrequencyPrompts}; it must be at least 1");
        Require(Tolerance > 0 && double.IsFinite(Tolerance), $"Tolerance is {Tolerance}; it must be above 0 and finite");
        Require(DrawTolerance is >= 0 and <= 1, $"DrawTolerance is {DrawTolerance}; it must be 0 to 1");
        Require(FalseAlarmRate is > 0 and < 1, $"FalseAlarmRate is {FalseAlarmRate}; it must be above 0 and below 1");
        Require(MaxEnumeration >= 1, $"MaxEnumeration is {MaxEnumeration}; it must be at least 1");
        Require(StopTokens is not { IsDefault: true }, $"StopTokens is the default array; use null for none");
        if (faults.Count > 0)
            throw new ArgumentException($"The policy check options are not usable: {string.Join("; ", faults)}.");

        void Require(bool holds, FormattableString fault)
        {
            if (!holds)
                faults.Add(FormattableString.Invariant(fault));
        }
    }
}
