using System.Collections.Immutable;

namespace VariationalBoN.Guidance;

/// <summary>Layers of a reference, which are equal where their numbers are. Immutable, thread-safe.</summary>
/// <param name="Values">The layers.</param>
internal readonly record struct LayerList(ImmutableArray<int> Values)
{
    /// <summary>The highest layer that can be named; it bounds what a header can ask for.</summary>
    public const int Most = 1023;

    /// <summary>Whether each is there once, in ascending order.</summary>
    public bool IsSound =>
        Values.All(layer => layer is >= 0 and <= Most) && Values.Zip(Values.Skip(1)).All(pair => pair.First < pair.Second);

    public bool Equals(LayerList other) => Values.AsSpan().SequenceEqual(other.Values.AsSpan());

    public override int GetHashCode() => Values.Aggregate(0, HashCode.Combine);

    public override string ToString() => Values.IsDefaultOrEmpty ? "empty" : string.Join(", ", Values);
}
