using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace VariationalBoN.Evaluation;

/// <summary>The greatest mean reward at each KL to the reference, from reference rewards alone. Stateless, thread-safe.</summary>
/// <remarks>
/// Among all policies of one KL, pi_beta proportional to pi_ref exp(r / beta) has the greatest mean reward, and E_pi r - E_ref r = beta
/// (KL(pi || ref) + KL(ref || pi)). KL and reward come from the M samples of each prompt with
/// self-normalised weights exp(r / beta), one beta for all prompts. Where few samples carry the weight both are too low, so that the curve
/// ends where a prompt has fewer than <see cref="MinEffectiveSamples"/>.
/// </remarks>
[Experimental(ExperimentalIds.SecondJudge)]
public static class RewardCeiling
{
    /// <summary>The least effective sample size of a prompt at which a point is given.</summary>
    public const double MinEffectiveSamples = 30;

    private const double FirstFactor = 64,
        StepsPerOctave = 8;
    private const int MaxPoints = 400;

    /// <summary>The ceiling of prompts of a table.</summary>
    /// <param name="table">The reference rewards.</param>
    /// <param name="prompts">At least one prompt of the table: numbers are averages over them.</param>
    /// <returns>Points of rising KL, as far as the samples can tell;
    /// none where a prompt has fewer than <see cref="MinEffectiveSamples"/> samples.</returns>
    /// <exception cref="ArgumentException">There is no prompt.</exception>
    /// <exception cref="KeyNotFoundException">A prompt is not in the table.</exception>
    public static ImmutableArray<RewardCeilingPoint> Of(ReferenceTable table, IReadOnlyList<Prompt> prompts)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(prompts);
        if (prompts.Count == 0)
            throw new ArgumentException("There is no prompt to average over; give at least one.", nameof(prompts));
        double[][] rewards = [.. prompts.Select(prompt => table[prompt].Cdf.SortedRewards.ToArray())];
        double range = rewards.Max(of => of[^1] - of[0]);
        var points = ImmutableArray.CreateBuilder<RewardCeilingPoint>();
        for (int i = 0; i < MaxPoints && range > 0; i++)
        {
            double beta = range * FirstFactor * Math.Pow(2, -i / StepsPerOctave);
            var tilted = Array.ConvertAll(rewards, of => Tilted(of, beta));
            double effective = tilted.Min(of => of.Effective);
            if (!(effective >= MinEffectiveSamples))
                break;
            points.Add(
                new RewardCeilingPoint(
                    beta,
                    tilted.Average(of => of.Kl),
                    Estimate.FromObservations(tilted.Select(of => of.Reward)),
                    effective
                )
            );
        }

        return points.ToImmutable();
    }

    private static (double Kl, double Reward, double Effective) Tilted(double[] sorted, double beta)
    {
        double sum = 0,
            squares = 0,
            reward = 0,
            exponent = 0;
        foreach (double value in sorted)
        {
            double above = (value - sorted[^1]) / beta,
                weight = Math.Exp(above);
            (sum, squares, reward, exponent) = (
                sum + weight,
                squares + (weight * weight),
                reward + (weight * value),
                exponent + (weight * above)
            );
        }

        return ((exponent / sum) - Math.Log(sum / sorted.Length), reward / sum, sum * sum / squares);
    }
}
