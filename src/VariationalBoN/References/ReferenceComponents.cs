using System.Collections.Immutable;

namespace VariationalBoN.References;

/// <summary>The named components of the rewards of a prompt:
/// for each name a value, or null, to each reward. Stateless, thread-safe.</summary>
internal static class ReferenceComponents
{
    /// <summary>Components as a prompt keeps them.</summary>
    /// <exception cref="ArgumentException">One has not a value to each reward, or one that is not finite.</exception>
    public static ImmutableSortedDictionary<string, ImmutableArray<double?>> Checked(
        Prompt prompt,
        int rewards,
        IEnumerable<KeyValuePair<string, ImmutableArray<double?>>>? components
    )
    {
        var columns = (components ?? []).ToImmutableSortedDictionary(StringComparer.Ordinal);
        foreach ((string name, ImmutableArray<double?> values) in columns)
        {
            if (values.Length != rewards)
                throw new ArgumentException(
                    $"There are {rewards} rewards but {values.Length} values of the component \"{name}\" for the prompt \"{prompt}\"; "
                        + $"give one to each reward, null where there is none.",
                    nameof(components)
                );
            if (values.Any(value => value is double number && !double.IsFinite(number)))
                throw new ArgumentException(
                    $"The component \"{name}\" of the prompt \"{prompt}\" has a value that is not finite; give null where there is none.",
                    nameof(components)
                );
        }

        return columns;
    }

    /// <summary>The components at some places; null for what is no number.</summary>
    public static IEnumerable<KeyValuePair<string, ImmutableArray<double?>>> At<T>(
        IEnumerable<KeyValuePair<string, T>> components,
        IReadOnlyCollection<int> places
    )
        where T : IReadOnlyList<double?> =>
        components.Select(part =>
            KeyValuePair.Create(
                part.Key,
                places
                    .Select(place => part.Value[place] is double value && double.IsFinite(value) ? value : (double?)null)
                    .ToImmutableArray()
            )
        );
}
