namespace VariationalBoN.Testing.Checks;

/// <summary>Outcomes of one prompt that a first half of draws found,
/// how often the second half came to each, and what LogProb says of each.</summary>
/// <param name="What">Such as "first tokens of prompt 0".</param>
/// <param name="FirstTokens">Whether outcomes are first tokens; whole completions otherwise.</param>
/// <param name="LogProbs">One for each outcome.</param>
/// <param name="Counts">One for each outcome.</param>
/// <param name="Trials">The draws of the second half, those to outcomes that the first did not find included.</param>
internal sealed record OutcomeGroup(string What, bool FirstTokens, double[] LogProbs, int[] Counts, int Trials)
{
    private const double RareCount = 5;

    /// <summary>Outcomes with 5 expected counts or more, then the rarer ones together, then the remainder: what was not found.</summary>
    public IEnumerable<(double Probability, int Count, bool IsRemainder)> Cells()
    {
        double rare = 0,
            found = 0;
        int rareCount = 0;
        for (int i = 0; i < Counts.Length; i++)
        {
            double probability = Math.Exp(LogProbs[i]);
            found += probability;
            if (probability * Trials >= RareCount)
            {
                yield return (probability, Counts[i], false);
                continue;
            }

            rare += probability;
            rareCount += Counts[i];
        }

        yield return (rare, rareCount, false);
        yield return (1 - found, Trials - Counts.Sum(), true);
    }
}
