using System.Text.Json;

namespace VariationalBoN.Training;

public sealed partial class TrainingGuard
{
    /// <summary>Writes what later steps are compared with.</summary>
    internal void Save(Stream stream) =>
        JsonSerializer.Serialize(stream, new State(_options.Window, _first, [.. _recent], [.. _raised.Order()]), CheckpointManifest.Json);

    /// <summary>Reads that and checks it; what it gives puts it in place.</summary>
    internal Action Load(byte[] json)
    {
        State state = JsonSerializer.Deserialize<State>(json, CheckpointManifest.Json) ?? throw new JsonException("It is null.");
        if (state.Window != _options.Window)
            throw new ArgumentException(
                $"The guard that was saved takes means over {state.Window} steps, this one over "
                    + $"{_options.Window}; give it {nameof(GuardOptions)}.{nameof(GuardOptions.Window)} = {state.Window}."
            );
        if (Array.IndexOf((StepMetrics?[])[.. state.First ?? [], .. state.Recent], null) is >= 0 and var missing)
            throw new JsonException($"Step {missing} of those that it keeps is null.");
        if (
            state.Recent.Length > 3 * _options.Window
            || (state.First?.Length ?? _options.Window) != _options.Window
            || !state.Raised.All(Enum.IsDefined)
        )
            throw new JsonException(
                $"It has {state.Recent.Length} recent and {state.First?.Length ?? 0} first steps of a window of "
                    + $"{_options.Window}, or an alarm that there is not."
            );
        return () =>
        {
            _first = state.First;
            _recent = [.. state.Recent];
            _raised = [.. state.Raised];
        };
    }

    private sealed record State(int Window, StepMetrics[]? First, StepMetrics[] Recent, GuardAlarmKind[] Raised);
}
