namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>A mapping that keeps the order of its keys.</summary>
internal sealed class MappingValue : Value
{
    private readonly Dictionary<Value, int> places;
    private readonly List<KeyValuePair<Value, Value>> entries;

    public MappingValue(int capacity = 0) => (places, entries) = (new(capacity, KeyComparer.Instance), new(capacity));

    /// <summary>Number of the message, from 0, where the mapping is one of the messages; else -1.</summary>
    public int MessageIndex { get; init; } = -1;

    public IReadOnlyList<KeyValuePair<Value, Value>> Entries => entries;

    public int Count => entries.Count;

    public override string TypeName => "dict";

    public override bool Truth => Count > 0;

    public IEnumerable<Value> Keys => entries.Select(entry => entry.Key);

    public Value? Find(Value key) => places.TryGetValue(key, out int place) ? entries[place].Value : null;

    public Value? Find(string key) => Find(new StringValue(key));

    /// <summary>Sets an entry while the mapping is built, or one of a namespace: an equal key keeps its first form and place.</summary>
    public void Set(Value key, Value value)
    {
        if (places.TryGetValue(key, out int place))
        {
            entries[place] = new(entries[place].Key, value);
            return;
        }
        places.Add(key, entries.Count);
        entries.Add(new(key, value));
    }
}

/// <summary>The keys, values or entries of a mapping.</summary>
internal sealed class MappingViewValue(MappingValue of, string part) : Value
{
    public MappingValue Of { get; } = of;

    /// <summary>"keys", "values" or "items".</summary>
    public string Part { get; } = part;

    public override string TypeName => "dict_" + Part;

    public override bool Truth => Of.Truth;

    public IEnumerable<Value> Items => Of.Entries.Select(Item);

    public Value Item(KeyValuePair<Value, Value> entry) =>
        Part switch
        {
            "keys" => entry.Key,
            "values" => entry.Value,
            _ => new TupleValue(entry.Key, entry.Value),
        };
}

/// <summary>An object whose attributes templates may set.</summary>
internal sealed class NamespaceValue(MappingValue attributes) : Value
{
    public MappingValue Attributes { get; } = attributes;

    public override string TypeName => "Namespace";
}
