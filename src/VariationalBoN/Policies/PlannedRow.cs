namespace VariationalBoN.Policies;

/// <summary>One completion that is to be drawn.</summary>
/// <param name="Prompt">Index of its prompt in the call.</param>
/// <param name="Slot">Its place in the answer.</param>
/// <param name="Random">Its random numbers; number t draws token t.</param>
internal readonly record struct PlannedRow(int Prompt, int Slot, CounterRandom Random);
