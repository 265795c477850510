using VariationalBoN.Internal;
using VariationalBoN.Policies;
using static TorchSharp.torch;

namespace VariationalBoN.Guidance;

/// <summary>Walks along completions step by step, as a guided policy draws them: its values know what came before. Stateless.</summary>
internal static class GuidedWalk
{
    /// <summary>Sums over the steps of each completion a term of (log pi [R, V], log of the other policy [R, V], tokens [R]).</summary>
    public static double[] Sums(
        GuidedPolicy policy,
        IReadOnlyList<Completion> completions,
        IPolicy? other,
        Func<Tensor, Tensor?, Tensor, Tensor> term
    )
    {
        double[] sums = new double[completions.Count];
        Show(
            policy,
            completions,
            other,
            (own, theirs, targets, rows, _) =>
            {
                double[] terms = term(own, theirs, targets).Doubles();
                for (int row = 0; row < rows.Count; row++)
                    sums[rows[row]] += terms[row];
            }
        );
        RequireNumbers(sums, completions);
        return sums;
    }

    /// <summary>Throws where a number of a completion is NaN.</summary>
    /// <exception cref="ArithmeticException">One is; the message names the completion.</exception>
    public static void RequireNumbers(double[] sums, IReadOnlyList<Completion> completions)
    {
        int bad = Array.FindIndex(sums, double.IsNaN);
        if (bad >= 0)
            throw new ArithmeticException(
                $"The numbers of completion {bad} of prompt \"{completions[bad].Prompt}\" are NaN: the values or a model have probably "
                    + $"diverged."
            );
    }

    /// <summary>Shows at each step of the completions log pi [R, V], log of the other policy [R, V], the tokens [R], which of the
    /// completions they are of, and the step; tensors are disposed of behind it.</summary>
    public static void Show(
        GuidedPolicy policy,
        IReadOnlyList<Completion> completions,
        IPolicy? other,
        Action<Tensor, Tensor?, Tensor, ArraySegment<int>, int> show
    )
    {
        Device device = policy.Reference.Model.Device;
        using var noGradient = no_grad();
        foreach (
            int[] part in Enumerable
                .Range(0, completions.Count)
                .OrderByDescending(i => completions[i].Tokens.Length)
                .Chunk(policy.Reference.Options.RowsPerBatch)
        )
        {
            using var scope = NewDisposeScope();
            Completion[] rows = [.. part.Select(i => completions[i])];
            long[] first = new long[rows.Length]; // of each completion among the drawn tokens of the batch
            for (int row = 1; row < rows.Length; row++)
                first[row] = first[row - 1] + rows[row - 1].Tokens.Length;
            var batch = new SequenceBatch(rows, device);
            using StepReader own = Reader(policy, batch, rows);
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

    private static StepReader Reader(IPolicy policy, SequenceBatch batch, Completion[] rows) =>
        policy is GuidedPolicy guided
            ? new StepReader(
                guided.Reference,
                batch,
                guided.Guided([.. rows.Select(row => row.Prompt)], [.. rows.Select(row => (IReadOnlyList<int>)row.PromptTokens)]),
                guided.Value
            )
            : new StepReader((CausalLmPolicy)policy, batch, null, null);
}
