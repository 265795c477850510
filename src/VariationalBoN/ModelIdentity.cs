using System.Collections.Immutable;

namespace VariationalBoN;

/// <summary>
/// Identifies a policy, reward model or tokenizer: a name, and the settings and digests that change its results.
/// Tables and batches record it. Immutable, thread-safe.
/// </summary>
/// <remarks>
/// Tables and stores of reference rewards carry identities and refuse what has another one, so whatever changes a probability or a reward
/// belongs here: weights (<see cref="Policies.ModuleFingerprint"/>), settings, versions of a prompt or a function.
/// Two identities are equal when name and settings are, in order.
/// </remarks>
public sealed class ModelIdentity : IEquatable<ModelIdentity>
{
    private readonly string _json;

    /// <summary>Creates an identity from a name and settings.</summary>
    /// <param name="name">What it is, such as the name of the class or of the model; not blank.</param>
    /// <param name="settings">What else distinguishes it from others, each under a name of its own.</param>
    /// <exception cref="ArgumentException">A name is blank, or a setting stands twice.</exception>
    public ModelIdentity(string name, params ReadOnlySpan<(string Name, IdentityValue Value)> settings)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        Name = name;
        var pairs = ImmutableArray.CreateBuilder<KeyValuePair<string, IdentityValue>>(settings.Length);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string setting, IdentityValue value) in settings)
        {
            if (string.IsNullOrWhiteSpace(setting) || !names.Add(setting))
                throw new ArgumentException(
                    $"The setting \"{setting}\" of the identity \"{name}\" is blank or stands twice; each setting needs a name of its own.",
                    nameof(settings)
                );
            pairs.Add(KeyValuePair.Create(setting, value));
        }

        Settings = pairs.MoveToImmutable();
        _json = IdentityJson.Write(this);
    }

    /// <summary>What it is.</summary>
    public string Name { get; }

    /// <summary>What else distinguishes it from others, in the order given.</summary>
    public ImmutableArray<KeyValuePair<string, IdentityValue>> Settings { get; }

    /// <summary>A name alone is an identity: of something that has no settings and whose name changes with it.</summary>
    /// <param name="name">The name, not blank.</param>
    public static implicit operator ModelIdentity(string name) => new(name);

    /// <summary>Whether two identities are equal.</summary>
    /// <param name="left">An identity; null equals null.</param>
    /// <param name="right">An identity.</param>
    public static bool operator ==(ModelIdentity? left, ModelIdentity? right) => left is null ? right is null : left.Equals(right);

    /// <summary>Whether two identities differ.</summary>
    /// <param name="left">An identity.</param>
    /// <param name="right">An identity.</param>
    public static bool operator !=(ModelIdentity? left, ModelIdentity? right) => !(left == right);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <param name="json">A JSON string (a name alone) or object.</param>
    /// <returns>The identity.</returns>
    /// <exception cref="FormatException">It is no identity; the message says why.</exception>
    public static ModelIdentity Parse(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        return IdentityJson.Read(json);
    }

    /// <summary>The identity as JSON: a string for a name alone, else an object of name and settings.</summary>
    /// <returns>JSON without line breaks; equal identities give equal text.</returns>
    public string ToJson() => _json;

    /// <summary>What differs, setting by setting; none when nothing does.</summary>
    /// <param name="other">The identity to compare with.</param>
    /// <returns>Sentences such as "temperature is 1, in the other 0.7".</returns>
    public IEnumerable<string> Differences(ModelIdentity other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Differences(other, "");
    }

    /// <inheritdoc/>
    public bool Equals(ModelIdentity? other) => other is not null && string.Equals(_json, other._json, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ModelIdentity);

    /// <inheritdoc/>
    public override int GetHashCode() => string.GetHashCode(_json, StringComparison.Ordinal);

    /// <summary>The name with the settings in brackets.</summary>
    /// <returns>Such as "CausalLmPolicy (temperature 1, top-k none)".</returns>
    public override string ToString() =>
        Settings.IsEmpty ? Name : $"{Name} ({string.Join(", ", Settings.Select(pair => $"{pair.Key} {pair.Value}"))})";

    private IEnumerable<string> Differences(ModelIdentity other, string path)
    {
        if (Name != other.Name)
        {
            yield return $"{(path.Length == 0 ? "name" : path)} is \"{Name}\", in the other \"{other.Name}\"";
            yield break;
        }

        var others = other.Settings.ToDictionary(StringComparer.Ordinal);
        foreach ((string setting, IdentityValue value) in Settings)
        {
            string where = path.Length == 0 ? setting : $"{path}, {setting}";
            if (!others.Remove(setting, out IdentityValue there))
                yield return $"{where} is {value}, in the other missing";
            else if (value.Identity is ModelIdentity mine && there.Identity is ModelIdentity theirs)
                foreach (string inner in mine.Differences(theirs, where))
                    yield return inner;
            else if (!value.Equals(there))
                yield return $"{where} is {value}, in the other {there}";
        }

        foreach ((string setting, IdentityValue value) in others)
            yield return $"{(path.Length == 0 ? setting : $"{path}, {setting}")} is missing, in the other {value}";
        if (others.Count == 0 && !Settings.Select(pair => pair.Key).SequenceEqual(other.Settings.Select(pair => pair.Key)))
            yield return $"{(path.Length == 0 ? "the settings" : path)} are in another order";
    }
}
