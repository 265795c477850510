using System.Text.Json;

namespace VariationalBoN.Training;

public sealed partial class TrainingGuard
{
    /// <summary>Writes what later steps are compared with.</summary>
    internal void Save(Stream stream) => JsonSerializer.Serialize(stream, new State(_options.Window, _first, [.. _recent], [.. _raised.Order()]), CheckpointManifest.Json);

    /// <summary>Reads that and checks it; what it gives puts it in place.</summary>
    internal Action Load(Stream stream)
    {
        State state = JsonSerializer.Deserialize<State>(stream, CheckpointManifest.Json) ?? throw new JsonException("It is null.");
        if (state.Window != _options.Window)
            throw new ArgumentException($"The guard that was saved takes means over {state.Window} steps, this one over {_options.Window}; give it {nameof(GuardOptions)}.{nameof(GuardOptions.Window)} = {state.Window}.");
        return () =>
        {
            _first = state.First;
            _recent = [.. state.Recent];
            _raised = [.. state.Raised];
        };
    }

    private sealed record State(int Window, StepMetrics[]? First, StepMetrics[] Recent, GuardAlarmKind[] Raised);
}
