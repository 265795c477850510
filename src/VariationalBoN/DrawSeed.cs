namespace VariationalBoN;

/// <summary>
/// The seed of a draw: together with the prompt and the index of the sample it fixes every random number. Immutable, thread-safe.
/// </summary>
/// <remarks>
/// Order does not matter and nothing is stored: sample 17 of a prompt is the same whether it is drawn alone, in a batch, or after a
/// restart. A plain number converts to a seed of purpose <see cref="DrawPurpose.Rollout"/>.
/// </remarks>
/// <param name="Value">Any number, such as the step of a training loop.</param>
/// <param name="Purpose">What the draw is for.</param>
/// <param name="FirstSample">Index of the first sample of each prompt, 0 or more: 64 continues a store that holds samples 0 to 63.</param>
public readonly record struct DrawSeed(long Value, DrawPurpose Purpose = DrawPurpose.Rollout, int FirstSample = 0)
{
    /// <summary>A rollout seed.</summary>
    /// <param name="value">Any number.</param>
    public static implicit operator DrawSeed(long value) => FromInt64(value);

    /// <summary>A rollout seed.</summary>
    /// <param name="value">Any number.</param>
    /// <returns>The seed with purpose <see cref="DrawPurpose.Rollout"/>.</returns>
    public static DrawSeed FromInt64(long value) => new(value);
}
