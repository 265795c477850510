using VariationalBoN;

namespace SentimentControl.Training;

/// <summary>Finds the beta of KL-constrained RL that goes as far from the reference as Best-of-N. Stateless.</summary>
internal static class GibbsTilt
{
    /// <summary>The beta whose tilt exp(r / beta) of the cached samples has, averaged over prompts, a given KL to the reference.</summary>
    /// <param name="table">The cached rewards.</param>
    /// <param name="prompts">The prompts to average over.</param>
    /// <param name="kl">The KL to reach in nats; what a cache of M samples cannot reach, above about log M, gives the smallest beta.</param>
    public static double BetaForKl(ReferenceTable table, IReadOnlyList<Prompt> prompts, double kl)
    {
        (double low, double high) = (Math.Log(1e-3), Math.Log(1e6));
        for (int i = 0; i < 60; i++)
        {
            double middle = (low + high) / 2;
            if (prompts.Average(prompt => Kl(table[prompt].Cdf.SortedRewards, Math.Exp(middle))) > kl)
                low = middle;
            else
                high = middle;
        }

        return Math.Exp((low + high) / 2);
    }

    /// <summary>sum_i w_i log(w_i M) of the weights w_i proportional to exp(r_i / beta).</summary>
    private static double Kl(ReadOnlySpan<double> rewards, double beta)
    {
        double largest = rewards[^1], sum = 0, tilted = 0;
        foreach (double reward in rewards)
        {
            double weight = Math.Exp((reward - largest) / beta);
            sum += weight;
            tilted += weight * (reward - largest) / beta;
        }

        return (tilted / sum) - Math.Log(sum / rewards.Length);
    }
}
