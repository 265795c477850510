using System.Text.Json;

namespace VariationalBoN.Rewards;

/// <summary>How a reward model behind HTTP is asked. Immutable; as thread-safe as its functions.
/// Checked where it is used, all faults in one message.</summary>
public sealed record HttpRewardModelOptions
{
    /// <summary>Where completions are posted to: an absolute http or https address.</summary>
    /// <value>Required.</value>
    public required Uri Endpoint { get; init; }

    /// <summary>Identifies the judge behind the address, without the address, which may change while
    /// the judge stays. An answer with a "model" must give the name of this identity there.</summary>
    /// <value>Required.</value>
    public required ModelIdentity Identity { get; init; }

    /// <summary>The most completions that the service takes in one request, at least 1.</summary>
    /// <value>Default 2147483647: no bound.</value>
    public int MaxBatchSize { get; init; } = int.MaxValue;

    /// <summary>Writes the JSON of a request.</summary>
    /// <value>Default null: the schema of <see cref="HttpRewardModel"/>.</value>
    public Action<Utf8JsonWriter, IReadOnlyList<Completion>>? WriteRequest { get; init; }

    /// <summary>Reads one reward a completion out of the JSON of an answer.</summary>
    /// <value>Default null: the schema of <see cref="HttpRewardModel"/>.</value>
    /// <remarks>It may throw <see cref="FormatException"/>, <see cref="KeyNotFoundException"/> or
    /// <see cref="InvalidOperationException"/>, as <see cref="JsonElement"/> does:
    /// the answer is then refused. Count and finiteness are checked afterwards.</remarks>
    public Func<JsonElement, IReadOnlyList<double>>? ReadAnswer { get; init; }

    /// <summary>The options as text, with the address without user, password and query.</summary>
    public override string ToString() =>
        $"{nameof(HttpRewardModelOptions)} {{ {nameof(Endpoint)} = {(Endpoint is null ? null : Secrets.WithoutThem(Endpoint))}, "
        + $"{nameof(Identity)} = {Identity}, {nameof(MaxBatchSize)} = {MaxBatchSize} }}";

    /// <summary>Refuses options out of range.</summary>
    /// <exception cref="ArgumentException">The message names every fault.</exception>
    internal void Validate()
    {
        var faults = new List<string>();
        if (Endpoint is not { IsAbsoluteUri: true, Scheme: "http" or "https" })
            faults.Add(
                $"Endpoint is \"{(Endpoint is null ? null : Secrets.WithoutThem(Endpoint))}\"; it must be an absolute http or "
                    + "https address"
            );
        if (Identity is null)
            faults.Add("Identity is null; name the model behind the service and its version");
        if (MaxBatchSize < 1)
            faults.Add($"MaxBatchSize is {MaxBatchSize}; it must be at least 1");
        if (faults.Count > 0)
            throw new ArgumentException($"The options of the HTTP reward model are not usable: {string.Join("; ", faults)}.");
    }
}
