using System.Diagnostics.CodeAnalysis;
using VariationalBoN.Internal;
using VariationalBoN.Policies;
using static TorchSharp.torch;

namespace VariationalBoN.Guidance;

/// <summary>
/// Best-of-N token by token, without fine-tuning: pi(a | s) proportional to pi_ref(a | s) E_ref[w | s, a], with the values of an <see
/// cref="IPrefixValue"/>. N is a dial
/// at the time of sampling.
/// </summary>
/// <remarks>
/// With exact values it is the target itself; what a learned head misses is left as KL(pi || pi_bon). The top k tokens of the reference
/// have values of their own, the
/// others share (E[w | s] - sum over the top of pi_ref E[w | s, a]) / pi_ref(others), kept positive and within bounds, so that every
/// completion keeps a positive probability. Mudgal et
/// al., Controlled Decoding, arXiv 2310.17022, and Yang and Klein, FUDGE, arXiv 2104.05218, guide by an expected reward; here it is the
/// expected weight of a rank.
/// Thread-safe as the reference and the values are. It owns nothing.
/// </remarks>
[Experimental(ExperimentalIds.Guidance)]
public sealed class GuidedPolicy : IPromptReader, IStepwiseKl, INextTokenPolicy
{
    private readonly CausalLmPolicy _reference;
    private readonly IPrefixValue _value;

    /// <summary>Creates the policy.</summary>
    /// <param name="reference">pi_ref: frozen, without truncation, with hidden states where the values read them.</param>
    /// <param name="value">The values.</param>
    /// <param name="weight">Where to: <c>RankWeight.BestOf(8)</c>.</param>
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
        (_reference, _value, Weight) = (reference, value, weight);
        value.Require(weight);
    }

    private GuidedPolicy(GuidedPolicy other, RankWeight weight)
    {
        (_reference, _value, Options, Weight) = (other._reference, other._value, other.Options, weight);
        _value.Require(weight);
    }

    /// <summary>Where to.</summary>
    public RankWeight Weight { get; }

    /// <summary>How the vocabulary is treated.</summary>
    public GuidanceOptions Options { get; }

    /// <inheritdoc/>
    public ModelIdentity Identity =>
        new(
            nameof(GuidedPolicy),
            ("reference", _reference.Identity),
            ("values", _value.Identity),
            ("weight", Weight.ToString()),
            ("top tokens", Options.TopTokens),
            ("least rest", Options.LeastRest),
            ("most rest", double.IsFinite(Options.MostRest) ? (IdentityValue)Options.MostRest : "none")
        );

    /// <summary>False: neither reference nor values train here.</summary>
    public bool IsTrainable => false;

    /// <inheritdoc/>
    public bool ReadsConversations => _reference.ReadsConversations;

    /// <summary>This policy with another weight, such as another N; everything else is shared.</summary>
    /// <param name="weight">Where to.</param>
    /// <returns>The policy.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The values cannot tell this weight.</exception>
    public GuidedPolicy With(RankWeight weight) => new(this, weight);

    /// <inheritdoc/>
    public bool TryEncode(Prompt prompt, [NotNullWhen(true)] out EncodedPrompt? encoded, [NotNullWhen(false)] out string? reason) =>
        _reference.TryEncode(prompt, out encoded, out reason);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A prompt has no tokens, or no room for a completion in the model's context.</exception>
    public IReadOnlyList<Completion> Sample(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        CancellationToken cancellationToken = default
    ) => _reference.SampleFrom(prompts, completionsPerPrompt, seed, Distributions, cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A prompt has no tokens, or no room for a completion in the model's context.</exception>
    public void SampleEach(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        Action<int, Completion> onFinished,
        CancellationToken cancellationToken = default
    ) => _reference.SampleEachFrom(prompts, completionsPerPrompt, seed, Distributions, onFinished, cancellationToken);

    /// <inheritdoc/>
    /// <remarks>float64 [B], without gradient.</remarks>
    /// <exception cref="ArgumentException">A completion has no tokens, tokens outside the vocabulary,
    /// or is longer than the model's context.</exception>
    /// <exception cref="ArithmeticException">The result is NaN; the message names the completion.</exception>
    public Tensor LogProb(IReadOnlyList<Completion> completions)
    {
        _reference.Check(completions);
        double[] sums = Walked(completions, null, (own, _, targets) => own.gather(1, targets.unsqueeze(1)).squeeze(1));
        return tensor(sums, ScalarType.Float64, _reference.Model.Device);
    }

    /// <inheritdoc/>
    /// <remarks>True for a <see cref="CausalLmPolicy"/> of the same vocabulary and stop tokens, and for a guided policy over one.</remarks>
    public bool CanCompareWith(IPolicy reference) => _reference.CanCompareWith(Plain(reference));

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
        _reference.Check(completions);
        ((CausalLmPolicy)Plain(reference)).Check(completions);
        return Walked(completions, reference, (own, other, _) => StepwiseDivergence.OfSteps(own, other!));
    }

    /// <inheritdoc/>
    /// <remarks>Without gradient; in the element type of the reference's weights, float32 at least.</remarks>
    /// <exception cref="ArgumentException">A completion has no tokens, tokens outside the vocabulary,
    /// or is longer than the model's context.</exception>
    public Tensor NextTokenLogProb(IReadOnlyList<Completion> completions)
    {
        _reference.Check(completions);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        long[] first = new long[completions.Count + 1]; // of each completion among all tokens
        for (int i = 0; i < completions.Count; i++)
            first[i + 1] = first[i] + completions[i].Tokens.Length;
        var result = empty([first[^1], _reference.VocabularySize], ResultType, _reference.Model.Device); // [N, V]
        Walk(
            completions,
            null,
            (own, _, _, rows, t) =>
                result.index_copy_(0, tensor([.. rows.Select(row => first[row] + t)], device: result.device), own.to(result.dtype))
        );
        return result.MoveToOuterDisposeScope();
    }

    /// <summary>The probability that the reference gives to its k most probable tokens, mean over the prefixes of some completions: how much
    /// of what it may say has values of its own (<see cref="GuidanceOptions.TopTokens"/>).</summary>
    /// <param name="completions">At least one completion with tokens, such as stored samples of the reference.</param>
    /// <returns>At most 1; 1 where every token has values.</returns>
    /// <exception cref="ArgumentException">There is no completion, or one has no tokens, tokens outside the vocabulary,
    /// or is longer than the model's context.</exception>
    public double TopShare(IReadOnlyList<Completion> completions)
    {
        _reference.Check(completions);
        if (completions.Count == 0)
            throw new ArgumentException("There is no completion; give some, such as samples of the reference.", nameof(completions));
        if (Options.TopTokens >= _reference.VocabularySize)
            return 1;
        using var noGradient = no_grad();
        double sum = 0;
        foreach (Completion[] part in completions.Chunk(_reference.Options.RowsPerBatch))
        {
            using var scope = NewDisposeScope();
            (Tensor top, _) = _reference.NextTokenLogProb(part).topk(Options.TopTokens); // [n, k]
            sum += top.to(ScalarType.Float64).exp().sum().Doubles()[0];
        }

        return sum / completions.Sum(completion => (long)completion.Tokens.Length);
    }

    private static IPolicy Plain(IPolicy policy) => policy is GuidedPolicy guided ? guided._reference : policy;

    private ScalarType ResultType =>
        NextTokenDistribution.WideType(_reference.Model.Module.parameters().FirstOrDefault()?.dtype ?? ScalarType.Float64);

    private StepDistributions Distributions => new(Guided, HaveState: true); // the walk of the values

    private GuidedDistribution Guided(IReadOnlyList<Prompt> prompts, IReadOnlyList<IReadOnlyList<int>> tokens) =>
        new(
            _reference.Model,
            _reference.Distribution,
            _reference.Options,
            _value.Start(prompts, tokens, Weight),
            _value.NeedsHiddenStates,
            _value.ReferenceLayers,
            Options,
            Weight.LogLargest
        );

    private static StepReader Reader(IPolicy policy, SequenceBatch batch, Completion[] rows) =>
        policy is GuidedPolicy guided
            ? new StepReader(
                guided._reference,
                batch,
                guided.Guided([.. rows.Select(row => row.Prompt)], [.. rows.Select(row => (IReadOnlyList<int>)row.PromptTokens)]),
                guided._value
            )
            : new StepReader((CausalLmPolicy)policy, batch, null, null);

    /// <summary>Sums over the steps of each completion a term of (log pi [R, V], log of the other policy [R, V], tokens [R]).</summary>
    private double[] Walked(IReadOnlyList<Completion> completions, IPolicy? other, Func<Tensor, Tensor?, Tensor, Tensor> term)
    {
        double[] sums = new double[completions.Count];
        Walk(
            completions,
            other,
            (own, theirs, targets, rows, _) =>
            {
                double[] terms = term(own, theirs, targets).Doubles();
                for (int row = 0; row < rows.Count; row++)
                    sums[rows[row]] += terms[row];
            }
        );
        int bad = Array.FindIndex(sums, double.IsNaN);
        if (bad >= 0)
            throw new ArithmeticException(
                $"The numbers of completion {bad} of prompt \"{completions[bad].Prompt}\" are NaN: the values or a model have probably "
                    + $"diverged."
            );
        return sums;
    }

    /// <summary>Shows at each step of the completions log pi [R, V], log of the other policy [R, V], the tokens [R], which of the
    /// completions they are of, and the step; tensors are disposed of behind it.</summary>
    private void Walk(IReadOnlyList<Completion> completions, IPolicy? other, Action<Tensor, Tensor?, Tensor, ArraySegment<int>, int> show)
    {
        Device device = _reference.Model.Device;
        using var noGradient = no_grad();
        foreach (
            int[] part in Enumerable
                .Range(0, completions.Count)
                .OrderByDescending(i => completions[i].Tokens.Length)
                .Chunk(_reference.Options.RowsPerBatch)
        )
        {
            using var scope = NewDisposeScope();
            Completion[] rows = [.. part.Select(i => completions[i])];
            long[] first = new long[rows.Length]; // of each completion among the drawn tokens of the batch
            for (int row = 1; row < rows.Length; row++)
                first[row] = first[row - 1] + rows[row - 1].Tokens.Length;
            var batch = new SequenceBatch(rows, device);
            using StepReader own = Reader(this, batch, rows);
            using StepReader? theirs = other is null ? null : Reader(other, batch, rows);
            int alive = rows.Length;
            for (int t = 0; t < rows[0].Tokens.Length; t++)
            {
                using var inner = NewDisposeScope();
                if (t > 0)
                {
                    int longer = rows.Count(row => row.Tokens.Length > t);
                    var tokens = tensor([.. rows.Take(longer).Select(row => (long)row.Tokens[t - 1])], device: device);
                    own.Append(longer, longer < alive, tokens);
                    theirs?.Append(longer, longer < alive, tokens);
                    alive = longer;
                }

                var index = tensor([.. first.Take(alive).Select(start => start + t)], device: device); // [R]
                show(
                    own.LogProbs(index),
                    theirs?.LogProbs(index).to(device),
                    batch.Targets.index_select(0, index),
                    new ArraySegment<int>(part, 0, alive),
                    t
                );
            }
        }
    }
}
