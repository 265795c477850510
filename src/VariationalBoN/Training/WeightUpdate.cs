namespace VariationalBoN.Training;

/// <summary>What a step of <see cref="Adam"/> or <see cref="AdamW"/> did to the weights as they are stored, from up to 65,536 weights
/// evenly spaced over all. Immutable, thread-safe.</summary>
/// <param name="Steps">The number of steps that the optimizer has made, those before a checkpoint included.</param>
/// <param name="Ratio">The norm of the step's update over that of the weights after it, 1 at most;
/// 0 where rounding took all of it away.</param>
/// <param name="ChangedShare">Of the weights that have had a gradient,
/// the share that differ from what they were before the first step, 0 to 1; 1 when none has had one.</param>
public sealed record WeightUpdate(long Steps, double Ratio, double ChangedShare);
