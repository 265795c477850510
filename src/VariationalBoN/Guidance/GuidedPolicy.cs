using System.Diagnostics.CodeAnalysis;
using VariationalBoN.Policies;
using static TorchSharp.torch;

namespace VariationalBoN.Guidance;

/// <summary>
/// Best-of-N token by token, without fine-tuning: pi(a | s) proportional to pi_ref(a | s) E_ref[w |
/// s, a], with the values of an <see cref="IPrefixValue"/>. N is chosen when completions are drawn.
/// </summary>
/// <remarks>
/// With exact values it is the target itself; the errors of a learned head show as KL(pi || pi_bon). The top k tokens of
/// the reference have values of their own, the others share (E[w | s] - sum over the top of pi_ref E[w | s, a]) /
/// pi_ref(others), kept positive and within bounds, so that every completion keeps a positive probability. Mudgal et al.,
/// Controlled Decoding, arXiv 2310.17022, and Yang and Klein, FUDGE, arXiv 2104.05218, guide by an expected reward; here it
/// is the expected weight of a rank. Thread-safe as the reference and the values are. It does not own reference and values.
/// </remarks>
[Experimental(ExperimentalIds.Guidance)]
public sealed class GuidedPolicy : IPromptReader, IStepwiseKl, INextTokenPolicy
{
    /// <summary>Creates the policy.</summary>
    /// <param name="reference">pi_ref: frozen, without truncation, with hidden states where the values read them.</param>
    /// <param name="value">The values.</param>
    /// <param name="weight">The target, such as <c>RankWeight.BestOf(8)</c>.</param>
    /// <param name="options">How the vocabulary is treated; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is faulty; or the reference trains, truncates,
    /// is not the one that the values are about, or has no hidden states.</exception>
    public GuidedPolicy(CausalLmPolicy reference, IPrefixValue value, RankWeight weight, GuidanceOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(value);
        Options = options ?? new GuidanceOptions();
        Options.Validate();
        ReferenceOfValues.RequireUsable(reference, value);
        (Reference, Value, Weight) = (reference, value, weight);
        value.Require(weight);
    }

    private GuidedPolicy(GuidedPolicy other, RankWeight weight)
    {
        (Reference, Value, Options, Weight) = (other.Reference, other.Value, other.Options, weight);
        Value.Require(weight);
    }

    /// <summary>pi_ref.</summary>
    internal CausalLmPolicy Reference { get; }

    /// <summary>The values.</summary>
    internal IPrefixValue Value { get; }

    /// <summary>The target that the reference is guided to, such as Best-of-8, as a weight of ranks.</summary>
    public RankWeight Weight { get; }

    /// <summary>How the vocabulary is treated.</summary>
    public GuidanceOptions Options { get; }

    /// <inheritdoc/>
    public ModelIdentity Identity =>
        new(
            nameof(GuidedPolicy),
            ("reference", Reference.Identity),
            ("values", Value.Identity),
            ("weight", Weight.ToString()),
            ("top tokens", Options.TopTokens),
            ("least rest", Options.LeastRest),
            ("most rest", double.IsFinite(Options.MostRest) ? (IdentityValue)Options.MostRest : "none")
        );

    /// <summary>False: neither reference nor values train here.</summary>
    public bool IsTrainable => false;

    /// <inheritdoc/>
    public bool ReadsConversations => Reference.ReadsConversations;

    /// <summary>This policy with another weight, such as another N; everything else is shared.</summary>
    /// <param name="weight">The new target.</param>
    /// <returns>The policy.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The values cannot estimate this
    /// weight, such as one of more draws than they were learned from.</exception>
    public GuidedPolicy With(RankWeight weight) => new(this, weight);

    /// <inheritdoc/>
    public bool TryEncode(Prompt prompt, [NotNullWhen(true)] out EncodedPrompt? encoded, [NotNullWhen(false)] out string? reason) =>
        Reference.TryEncode(prompt, out encoded, out reason);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A prompt has no tokens, or no room for a completion in the model's context.</exception>
    public IReadOnlyList<Completion> Sample(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        CancellationToken cancellationToken = default
    ) => Reference.SampleFrom(prompts, completionsPerPrompt, seed, Distributions, cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A prompt has no tokens, or no room for a completion in the model's context.</exception>
    public void SampleEach(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        Action<int, Completion> onFinished,
        CancellationToken cancellationToken = default
    ) => Reference.SampleEachFrom(prompts, completionsPerPrompt, seed, Distributions, onFinished, cancellationToken);

    /// <inheritdoc/>
    /// <remarks>float64 [B], without gradient.</remarks>
    /// <exception cref="ArgumentException">A completion has no tokens, tokens outside the vocabulary,
    /// or is longer than the model's context.</exception>
    /// <exception cref="ArithmeticException">The result is NaN; the message names the completion.</exception>
    public Tensor LogProb(IReadOnlyList<Completion> completions)
    {
        Reference.Check(completions);
        double[] sums = GuidedWalk.Sums(this, completions, null, (own, _, targets) => own.gather(1, targets.unsqueeze(1)).squeeze(1));
        return tensor(sums, ScalarType.Float64, Reference.Model.Device);
    }

    /// <inheritdoc/>
    /// <remarks>True for a <see cref="CausalLmPolicy"/> of the same vocabulary and stop tokens, and for a guided policy over one.</remarks>
    public bool CanCompareWith(IPolicy reference) => Reference.CanCompareWith(Plain(reference));

    /// <inheritdoc/>
    /// <remarks>Summed over the vocabulary in double precision.</remarks>
    public double[] StepwiseKl(IPolicy reference, IReadOnlyList<Completion> completions)
    {
        ArgumentNullException.ThrowIfNull(reference);
        if (!CanCompareWith(reference))
            throw new ArgumentException(
                $"The reference is {reference.GetType().Name}; it must be a CausalLmPolicy, or a guided one, of the same vocabulary and "
                    + $"stop tokens.",
                nameof(reference)
            );
        Reference.Check(completions);
        ((CausalLmPolicy)Plain(reference)).Check(completions);
        return GuidedWalk.Sums(this, completions, reference, (own, other, _) => StepwiseDivergence.OfSteps(own, other!));
    }

    /// <inheritdoc/>
    /// <remarks>Without gradient; in the element type of the reference's weights, float32 at least.</remarks>
    /// <exception cref="ArgumentException">A completion has no tokens, tokens outside the vocabulary,
    /// or is longer than the model's context.</exception>
    public Tensor NextTokenLogProb(IReadOnlyList<Completion> completions)
    {
        Reference.Check(completions);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        long[] first = new long[completions.Count + 1]; // of each completion among all tokens
        for (int i = 0; i < completions.Count; i++)
            first[i + 1] = first[i] + completions[i].Tokens.Length;
        var result = empty([first[^1], Reference.VocabularySize], ResultType, Reference.Model.Device); // [N, V]
        GuidedWalk.Show(
            this,
            completions,
            null,
            (own, _, _, rows, t) =>
                result.index_copy_(0, tensor([.. rows.Select(row => first[row] + t)], device: result.device), own.to(result.dtype))
        );
        return result.MoveToOuterDisposeScope();
    }

    /// <summary>The probability that the reference gives to its k most probable tokens, mean over the prefixes of some completions: how
    /// much of what it may say has values of its own (<see cref="GuidanceOptions.TopTokens"/>).</summary>
    /// <param name="completions">At least one completion with tokens, such as stored samples of the reference.</param>
    /// <returns>At most 1; 1 where every token has values.</returns>
    /// <exception cref="ArgumentException">There is no completion, or one has no tokens, tokens outside the vocabulary,
    /// or is longer than the model's context.</exception>
    /// <exception cref="ArithmeticException">The reference gives NaN; the message names the completion.</exception>
    public double TopShare(IReadOnlyList<Completion> completions)
    {
        Reference.Check(completions);
        if (completions.Count == 0)
            throw new ArgumentException("There is no completion; give some, such as samples of the reference.", nameof(completions));
        if (Options.TopTokens >= Reference.VocabularySize)
            return 1;
        double[] sums = new double[completions.Count];
        foreach (int[] part in CausalLmPolicy.ByLength(completions).Chunk(Reference.Options.RowsPerBatch))
        {
            double[] shares = TopProbability.Sum(
                Reference.Model,
                Reference.Distribution,
                [.. part.Select(i => completions[i])],
                Options.TopTokens
            );
            for (int row = 0; row < part.Length; row++)
                sums[part[row]] = shares[row];
        }

        GuidedWalk.RequireNumbers(sums, completions);
        return Math.Min(1, sums.Sum() / completions.Sum(completion => (long)completion.Tokens.Length));
    }

    private static IPolicy Plain(IPolicy policy) => policy is GuidedPolicy guided ? guided.Reference : policy;

    private ScalarType ResultType =>
        NextTokenDistribution.WideType(Reference.Model.Module.parameters().FirstOrDefault()?.dtype ?? ScalarType.Float64);

    private StepDistributions Distributions => new(Guided, HaveState: true); // the walk of the values

    /// <summary>The distribution of the next tokens after prompts.</summary>
    internal GuidedDistribution Guided(IReadOnlyList<Prompt> prompts, IReadOnlyList<IReadOnlyList<int>> tokens) =>
        new(
            Reference.Model,
            Reference.Distribution,
            Reference.Options,
            Value.Start(prompts, tokens, Weight),
            Value.NeedsHiddenStates,
            Value.ReferenceLayers,
            Options,
            Weight.LogLargest
        );
}
