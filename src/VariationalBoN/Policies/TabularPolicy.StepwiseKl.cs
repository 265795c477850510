namespace VariationalBoN.Policies;

public sealed partial class TabularPolicy
{
    /// <summary>True for a tabular policy with the same vocabulary and length.</summary>
    /// <param name="reference">The reference policy.</param>
    /// <returns>Whether <see cref="StepwiseKl"/> can be called with it.</returns>
    public bool CanCompareWith(IPolicy reference) =>
        reference is TabularPolicy other && other.VocabularySize == VocabularySize && other.Length == Length;

    /// <inheritdoc/>
    /// <exception cref="KeyNotFoundException">One of the two policies does not know a prompt.</exception>
    public double[] StepwiseKl(IPolicy reference, IReadOnlyList<Completion> completions)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(completions);
        if (!CanCompareWith(reference))
            throw new ArgumentException(
                $"The reference ({reference.Identity}) is not a tabular policy of {VocabularySize} tokens and length {Length}; use the "
                    + $"log-ratio estimator of the KL divergence instead.",
                nameof(reference)
            );
        var other = (TabularPolicy)reference;
        double[] own = LogitValues(),
            theirs = other.LogitValues();
        int[] rows = new int[Length],
            otherRows = new int[Length];
        double[] sums = new double[completions.Count];
        for (int i = 0; i < sums.Length; i++)
        {
            Rows(completions[i], rows);
            other.Rows(completions[i], otherRows);
            for (int t = 0; t < Length; t++)
                sums[i] += Kl(
                    own.AsSpan(rows[t] * VocabularySize, VocabularySize),
                    theirs.AsSpan(otherRows[t] * VocabularySize, VocabularySize)
                );
        }

        return sums;
    }

    private static double Kl(ReadOnlySpan<double> logits, ReadOnlySpan<double> otherLogits)
    {
        double shift = LogSum(logits),
            otherShift = LogSum(otherLogits),
            kl = 0;
        for (int a = 0; a < logits.Length; a++)
        {
            double logP = logits[a] - shift;
            kl += Math.Exp(logP) * (logP - (otherLogits[a] - otherShift));
        }

        return kl;
    }

    private static double LogSum(ReadOnlySpan<double> logits)
    {
        double highest = double.NegativeInfinity,
            sum = 0;
        foreach (double logit in logits)
            highest = Math.Max(highest, logit);
        foreach (double logit in logits)
            sum += Math.Exp(logit - highest);
        return highest + Math.Log(sum);
    }
}
