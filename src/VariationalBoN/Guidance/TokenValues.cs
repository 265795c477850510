using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using VariationalBoN.Internal;
using VariationalBoN.Policies;
using static TorchSharp.torch;

namespace VariationalBoN.Guidance;

/// <summary>What the token form of <see cref="ScoreFunction"/> is given of a batch: log pi_ref of each token, and the value of each prefix.
/// Plain data; immutable, thread-safe.</summary>
[Experimental(ExperimentalIds.Guidance)]
public sealed class TokenValues
{
    private TokenValues(double[][] logReference, double[][] values) => (LogReference, Values) = (logReference, values);

    /// <summary>log pi_ref(a_t | s_t) of each token of each completion.</summary>
    public IReadOnlyList<double[]> LogReference { get; }

    /// <summary>log E_ref[w | s_t] before each token, and log w(F) at the end: one more than tokens.</summary>
    public IReadOnlyList<double[]> Values { get; }

    /// <summary>Reads the values along scored completions, in one pass of the reference.</summary>
    /// <param name="value">The values.</param>
    /// <param name="reference">The frozen reference that they are about.</param>
    /// <param name="scored">B scored completions, of any policy over the same tokens.</param>
    /// <param name="weight">The weight w.</param>
    /// <param name="bestOfN">Gives F of each reward; where its N is that of the weight, the end values are its log-ratios.</param>
    /// <returns>The values.</returns>
    /// <exception cref="ArgumentException">The reference trains, truncates, is not the one that the values are about or that scored
    /// the batch, or has no hidden states where the values read them; or a completion has tokens outside its vocabulary.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The values cannot estimate this weight.</exception>
    /// <exception cref="ArithmeticException">The weight of a completion is 0, so that its
    /// logarithm is not finite; this cannot happen with an empirical distribution.</exception>
    /// <exception cref="InvalidOperationException">The batch was scored by another reference, reward model or way of scoring.</exception>
    /// <exception cref="KeyNotFoundException">The distribution knows nothing of a prompt.</exception>
    public static TokenValues Of(
        IPrefixValue value,
        CausalLmPolicy reference,
        ScoredBatch scored,
        RankWeight weight,
        IBoNDistribution bestOfN
    )
    {
        ArgumentNullException.ThrowIfNull(value);
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(scored);
        ArgumentNullException.ThrowIfNull(bestOfN);
        ScoringIdentity.RequireMatch(bestOfN.Origin, scored);
        ScoringIdentity.RequireMatch(value.Origin, scored);
        value.Require(weight);
        ReferenceOfValues.RequireUsable(reference, value);
        reference.Check(scored.Completions);
        double[][] logs = new double[scored.Count][],
            values = new double[scored.Count][];
        for (int i = 0; i < scored.Count; i++)
        {
            (logs[i], values[i]) = (new double[scored[i].Completion.Tokens.Length], new double[scored[i].Completion.Tokens.Length + 1]);
            values[i][^1] =
                weight.N == bestOfN.N
                    ? bestOfN.LogRatio(scored[i])
                    : weight.LogAt(bestOfN.LogCdf(scored[i].Completion.Prompt, scored[i].Reward));
            if (!double.IsFinite(values[i][^1]))
                throw new ArithmeticException(
                    $"log w of completion {i} of prompt \"{scored[i].Completion.Prompt}\" (reward {scored[i].Reward}) is {values[i][^1]}; "
                        + $"a value must be finite."
                );
        }

        using var noGradient = no_grad();
        foreach (
            int[] part in Enumerable.Range(0, scored.Count).OrderByDescending(i => logs[i].Length).Chunk(reference.Options.RowsPerBatch)
        )
            Read(
                value,
                reference,
                [.. part.Select(i => scored[i].Completion)],
                weight,
                [.. part.Select(i => logs[i])],
                [.. part.Select(i => values[i])]
            );
        RequireScoredBy(logs, scored, nameof(reference));
        return new TokenValues(logs, values);
    }

    /// <summary>Refuses log pi_ref that is not what the batch was scored with,
    /// beyond what another batch size or precision changes.</summary>
    private static void RequireScoredBy(double[][] logs, ScoredBatch scored, string argument)
    {
        for (int i = 0; i < logs.Length; i++)
        {
            double here = logs[i].Sum(),
                there = scored[i].LogReference;
            if (!(Math.Abs(here - there) <= 0.01 * Math.Max(16, Math.Abs(there))))
                throw new ArgumentException(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"log pi_ref of completion {i} is {here} here and {there} in the batch: the reference is not the one that scored "
                            + $"it."
                    ),
                    argument
                );
        }
    }

    /// <summary>Fills the numbers of some completions, the longest first.</summary>
    private static void Read(
        IPrefixValue value,
        CausalLmPolicy reference,
        Completion[] rows,
        RankWeight weight,
        double[][] logs,
        double[][] values
    )
    {
        using var scope = NewDisposeScope();
        Device device = reference.Model.Device;
        var batch = new SequenceBatch(rows, device);
        PositionLogits logits = reference.Model.LogitsAt(batch.Tokens, batch.Positions, value.ReferenceLayers).InOneType();
        double[] all = TokenLogProbs.Of(logits, batch.Targets, reference.Distribution).Doubles();
        double[]? scanned = value is IPrefixScan scan ? scan.Prefixes(rows, logits.Told!, weight).Doubles() : null;
        long[] first = new long[rows.Length];
        for (int row = 0, next = 0; row < rows.Length; next += logs[row++].Length)
        {
            first[row] = next;
            all.AsSpan(next, logs[row].Length).CopyTo(logs[row]);
            scanned?.AsSpan(next, logs[row].Length).CopyTo(values[row]);
        }

        if (scanned is not null)
            return;
        using IPrefixWalk walk = value.Start(
            [.. rows.Select(row => row.Prompt)],
            [.. rows.Select(row => (IReadOnlyList<int>)row.PromptTokens)],
            weight
        );
        int alive = rows.Length;
        for (int t = 0; t < logs[0].Length; t++)
        {
            using var inner = NewDisposeScope();
            int longer = logs.Count(row => row.Length > t);
            if (t > 0)
            {
                if (longer < alive)
                    walk.SelectRows([.. Enumerable.Range(0, longer)]);
                walk.Append(tensor([.. rows.Take(longer).Select(row => (long)row.Tokens[t - 1])], device: device));
                alive = longer;
            }

            var index = tensor([.. first.Take(alive).Select(start => start + t)], device: device);
            var tokens = batch.Targets.index_select(0, index).unsqueeze(1); // [R, 1]
            double[] now = walk.Values(value.NeedsHiddenStates ? logits.Told!.index_select(0, index) : null, tokens).Prefix.Doubles();
            for (int row = 0; row < alive; row++)
                values[row][t] = now[row];
        }
    }
}
