namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Arguments of a call: by position, and by name in order.</summary>
internal sealed class Arguments(IReadOnlyList<Value> positional, IReadOnlyList<KeyValuePair<string, Value>> named)
{
    public static Arguments None { get; } = new([], []);

    public IReadOnlyList<Value> Positional { get; } = positional;

    public IReadOnlyList<KeyValuePair<string, Value>> Named { get; } = named;

    /// <summary>Names that came from a mapping, with the marks of their characters.</summary>
    public IReadOnlyDictionary<string, StringValue>? Spelled { get; init; }

    /// <summary>A name as a value.</summary>
    public StringValue Key(string name) => Spelled?.GetValueOrDefault(name) ?? new StringValue(name);

    /// <summary>
    /// Gives the arguments in the order of <paramref name="parameters"/>, null for those left out. A parameter whose name ends in "!" is
    /// required,
    /// one that begins with "/" can only be given by position.
    /// </summary>
    public Value?[] Bind(string function, params ReadOnlySpan<string> parameters)
    {
        if (Positional.Count > parameters.Length)
            throw TemplateFault.Type($"{function} takes at most {parameters.Length} arguments ({Positional.Count} given)");
        var bound = new Value?[parameters.Length];
        for (int i = 0; i < Positional.Count; i++)
            bound[i] = Positional[i];
        foreach ((string name, Value value) in Named)
        {
            int place = Place(parameters, name);
            if (place < 0)
                throw TemplateFault.Type($"{function} got an unexpected keyword argument '{name}'");
            if (bound[place] is not null)
                throw TemplateFault.Type($"{function} got multiple values for argument '{name}'");
            bound[place] = value;
        }
        for (int i = 0; i < bound.Length; i++)
        {
            if (bound[i] is null && parameters[i].EndsWith('!'))
                throw TemplateFault.Type($"{function} is missing the argument '{parameters[i].Trim('/', '!')}'");
        }
        return bound;
    }

    private static int Place(ReadOnlySpan<string> parameters, string name)
    {
        for (int i = 0; i < parameters.Length; i++)
        {
            if (parameters[i][0] != '/' && parameters[i].AsSpan().TrimEnd('!').SequenceEqual(name))
                return i;
        }
        return -1;
    }
}
