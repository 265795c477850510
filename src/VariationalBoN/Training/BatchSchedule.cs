namespace VariationalBoN.Training;

/// <summary>
/// How many prompts each step takes: small batches at the beginning of a run, large ones at the end, when the gradient must be exact.
/// </summary>
/// <remarks>
/// Step t of S takes First + (Last - First) t / (S - 1) prompts, rounded; from step S on Last. With First = Last it is constant. <see
/// cref="Before"/> tells where a step begins in the endless order of prompts
/// (<see cref="PromptOrder.From"/>), so that passes have no gap and a run that goes on has no state to restore.
/// Immutable, thread-safe. Checked where it is used.
/// </remarks>
public sealed record BatchSchedule
{
    /// <summary>The prompts of the first step, at least 1.</summary>
    public required int First { get; init; }

    /// <summary>The prompts of the last step, at least 1.</summary>
    public required int Last { get; init; }

    /// <summary>S, the number of steps of the run, at least 1.</summary>
    public required long Steps { get; init; }

    /// <summary>The prompts of a step.</summary>
    /// <param name="step">The step, from 0.</param>
    /// <returns>Between <see cref="First"/> and <see cref="Last"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="step"/> is negative.</exception>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public int At(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        Validate();
        return Steps == 1 || step >= Steps ? Last : (int)Math.Round(First + (((double)Last - First) * step / (Steps - 1)));
    }

    /// <summary>The prompts of all steps before a step.</summary>
    /// <param name="step">The step, from 0.</param>
    /// <returns>Their sum.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="step"/> is negative.</exception>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public long Before(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        Validate();
        if (First == Last)
            return checked(step * Last);
        long sum = checked(Math.Max(0, step - Steps) * Last);
        for (long t = 0; t < Math.Min(step, Steps); t++)
            sum += At(t);
        return sum;
    }

    private void Validate()
    {
        if (First < 1 || Last < 1 || Steps < 1)
            throw new ArgumentException(
                $"The batch schedule goes from {First} to {Last} prompts in {Steps} steps; each must be at least 1."
            );
    }
}
