using System.Globalization;

namespace VariationalBoN.References;

/// <summary>How far the Gibbs target pi_ref exp(r / beta) / Z lies from the reference,
/// by the rewards of a table. Stateless, thread-safe.</summary>
/// <remarks>
/// Of M samples of a prompt with weights w_i proportional to exp(r_i / beta) the KL to the reference is sum_i w_i log(M w_i) nats, averaged
/// over prompts. It falls from the logarithm of M over the number of best samples (beta to 0) to 0 (beta to infinity).
/// </remarks>
public static class GibbsTilt
{
    private const double FirstLow = 1e-3,
        FirstHigh = 1e6,
        Smallest = 1e-300,
        Largest = 1e300;
    private const int Halvings = 60;

    /// <summary>The beta of KL-constrained RL (<c>GibbsObjective</c>) whose target is a given KL away: to go as far as Best-of-N, give
    /// <see cref="Numerics.BestOfNMath.KlUpperBound"/> of N.</summary>
    /// <param name="table">Reference rewards.</param>
    /// <param name="prompts">At least one prompt of the table, such as those that are trained on: the KL is their average.</param>
    /// <param name="kl">The KL in nats, above 0 and below <see cref="LargestKl"/>.</param>
    /// <returns>beta, in the unit of the rewards.</returns>
    /// <exception cref="ArgumentException">There is no prompt.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="kl"/> is out of range or NaN;
    /// the message names the largest that these samples can show.</exception>
    /// <exception cref="KeyNotFoundException">A prompt is not in the table.</exception>
    public static double BetaForKl(ReferenceTable table, IReadOnlyList<Prompt> prompts, double kl)
    {
        double[][] rewards = Rewards(table, prompts);
        if (!(kl > 0 && kl < double.PositiveInfinity))
            throw new ArgumentOutOfRangeException(nameof(kl), kl, "The KL to reach must be a finite number above 0.");
        double largest = rewards.Average(Reachable);
        (double low, double high) = (Math.Log(FirstLow), Math.Log(FirstHigh));
        while (kl < largest && !(Average(rewards, Math.Exp(low)) > kl) && low > Math.Log(Smallest))
            low -= 10;
        if (!(Average(rewards, Math.Exp(low)) > kl))
        {
            throw new ArgumentOutOfRangeException(
                nameof(kl),
                kl,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"No beta reaches a KL of {kl} nats: the best of at most {rewards.Max(of => of.Length)} samples of a prompt are "
                        + $"{largest} nats from the reference, averaged over prompts. Draw more samples per prompt, or ask for less."
                )
            );
        }

        while (Average(rewards, Math.Exp(high)) > kl && high < Math.Log(Largest))
            high += 10;
        for (int i = 0; i < Halvings; i++)
        {
            double middle = (low + high) / 2;
            if (Average(rewards, Math.Exp(middle)) > kl)
                low = middle;
            else
                high = middle;
        }

        return Math.Exp((low + high) / 2);
    }

    /// <summary>The KL of the target of a beta to the reference.</summary>
    /// <param name="table">Reference rewards.</param>
    /// <param name="prompts">At least one prompt of the table: the KL is their average.</param>
    /// <param name="beta">beta, finite and above 0, in the unit of the rewards.</param>
    /// <returns>Nats.</returns>
    /// <exception cref="ArgumentException">There is no prompt.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="beta"/> is out of range or NaN.</exception>
    /// <exception cref="KeyNotFoundException">A prompt is not in the table.</exception>
    public static double Kl(ReferenceTable table, IReadOnlyList<Prompt> prompts, double beta)
    {
        if (!(beta > 0 && beta < double.PositiveInfinity))
            throw new ArgumentOutOfRangeException(nameof(beta), beta, "beta must be a finite number above 0.");
        return Average(Rewards(table, prompts), beta);
    }

    /// <summary>The limit of the KL as beta goes to 0: the mean over prompts of the
    /// logarithm of M over the number of samples with the best reward.</summary>
    /// <param name="table">Reference rewards.</param>
    /// <param name="prompts">At least one prompt of the table.</param>
    /// <returns>Nats.</returns>
    /// <exception cref="ArgumentException">There is no prompt.</exception>
    /// <exception cref="KeyNotFoundException">A prompt is not in the table.</exception>
    public static double LargestKl(ReferenceTable table, IReadOnlyList<Prompt> prompts) => Rewards(table, prompts).Average(Reachable);

    private static double Reachable(double[] sorted) => Math.Log((double)sorted.Length / sorted.Count(reward => reward == sorted[^1]));

    private static double[][] Rewards(ReferenceTable table, IReadOnlyList<Prompt> prompts)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(prompts);
        return prompts.Count > 0
            ? [.. prompts.Select(prompt => table[prompt].Cdf.SortedRewards.ToArray())]
            : throw new ArgumentException("There is no prompt to average the KL over; give at least one.", nameof(prompts));
    }

    private static double Average(double[][] rewards, double beta) => rewards.Average(sorted => Kl(sorted, beta));

    /// <summary>sum_i w_i log(w_i M) of the weights w_i proportional to exp(r_i / beta).</summary>
    private static double Kl(double[] sorted, double beta)
    {
        double largest = sorted[^1],
            sum = 0,
            tilted = 0;
        foreach (double reward in sorted)
        {
            double weight = Math.Exp((reward - largest) / beta);
            sum += weight;
            if (weight > 0)
                tilted += weight * (reward - largest) / beta;
        }

        return (tilted / sum) - Math.Log(sum / sorted.Length);
    }
}
