namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Parameters and body of a macro or a call block.</summary>
internal sealed class MacroBody : Node
{
    /// <summary>Name; null for the body of a call block.</summary>
    public required string? Name { get; init; }

    public required NameExpression[] Parameters { get; init; }

    /// <summary>Defaults of the last parameters.</summary>
    public required Expression[] Defaults { get; init; }

    public required Statement[] Body { get; init; }

    public Scope Scope { get; set; } = Scope.Nothing;

    /// <summary>Number of variables of the function.</summary>
    public Func<int> Size { get; set; } = () => 0;

    /// <summary>Slots of the special variables; null where the body does not use them.</summary>
    public int? CallerSlot { get; set; }

    public int? NamedSlot { get; set; }

    public int? PositionalSlot { get; set; }

    public bool HasCallerParameter => Parameters.Any(parameter => parameter.Name == "caller");

    /// <summary>True where the body asks for its caller.</summary>
    public bool UsesCaller { get; set; }

    public override IEnumerable<Node> Children => [.. Parameters, .. Defaults, .. Body];

    public Value Invoke(Rendering rendering, Frame outer, Arguments arguments)
    {
        var named = arguments.Named.ToList();
        Value?[] given = Take(arguments, named, rendering.Work);
        Value? caller = CallerSlot is null ? null : Pop(named, "caller") ?? new UndefinedValue("no caller defined");
        if (NamedSlot is null && named.Count > 0)
            throw TemplateFault.Type($"macro '{Name}' takes no keyword argument '{named[0].Key}'");
        if (PositionalSlot is null && arguments.Positional.Count > Parameters.Length)
            throw TemplateFault.Type($"macro '{Name}' takes not more than {Parameters.Length} argument(s)");
        var frame = new Frame(outer, Size());
        return rendering.Within(
            frame,
            () =>
            {
                for (int i = 0; i < given.Length; i++)
                    Parameters[i].Slot.Set(frame, given[i]);
                SetSpecial(frame, caller, named, arguments);
                return rendering.Capture(inner =>
                {
                    Scope.Enter(inner);
                    SetDefaults(inner);
                    Statement.RunAll(Body, inner);
                });
            }
        );
    }

    public Value? Attribute(string name) =>
        name switch
        {
            "name" => Name is null ? NoneValue.Plain : new StringValue(Name),
            "arguments" => new TupleValue([.. Parameters.Select(parameter => new StringValue(parameter.Name))]),
            "caller" => BooleanValue.Of(UsesCaller),
            "catch_kwargs" => BooleanValue.Of(NamedSlot is not null),
            "catch_varargs" => BooleanValue.Of(PositionalSlot is not null),
            "explicit_caller" => BooleanValue.Of(HasCallerParameter),
            _ => null,
        };

    private Value?[] Take(Arguments arguments, List<KeyValuePair<string, Value>> named, Work work)
    {
        var given = new Value?[Parameters.Length];
        for (int i = 0; i < given.Length; i++)
        {
            work.Charge(1 + named.Count);
            given[i] = i < arguments.Positional.Count ? arguments.Positional[i] : Pop(named, Parameters[i].Name);
        }
        return given;
    }

    private void SetSpecial(Frame frame, Value? caller, List<KeyValuePair<string, Value>> named, Arguments arguments)
    {
        if (CallerSlot is int callerSlot)
            frame.Slots[callerSlot] = caller;
        if (PositionalSlot is int positionalSlot)
            frame.Slots[positionalSlot] = new TupleValue([.. arguments.Positional.Skip(Parameters.Length)]);
        if (NamedSlot is not int namedSlot)
            return;
        var mapping = new MappingValue(named.Count);
        foreach ((string name, Value value) in named)
            mapping.Set(arguments.Key(name), value);
        frame.Slots[namedSlot] = mapping;
    }

    private void SetDefaults(Rendering rendering)
    {
        int first = Parameters.Length - Defaults.Length;
        for (int i = 0; i < Parameters.Length; i++)
        {
            NameExpression parameter = Parameters[i];
            if (parameter.Slot.Get(rendering.Frame) is not null)
                continue;
            Value value =
                i >= first ? Defaults[i - first].Evaluate(rendering) : new UndefinedValue($"parameter '{parameter.Name}' was not provided");
            parameter.Slot.Set(rendering.Frame, value);
        }
    }

    private static Value? Pop(List<KeyValuePair<string, Value>> named, string name)
    {
        int place = named.FindIndex(argument => argument.Key == name);
        if (place < 0)
            return null;
        Value value = named[place].Value;
        named.RemoveAt(place);
        return value;
    }
}

/// <summary>"macro".</summary>
internal sealed class MacroStatement : Statement
{
    public required NameExpression Target { get; init; }

    public required MacroBody Macro { get; init; }

    public override IEnumerable<Node> Children => [Macro];

    public override Flow Run(Rendering rendering)
    {
        Target.Slot.Set(rendering.Frame, new MacroValue(Macro, rendering.Frame));
        return Flow.Next;
    }
}

/// <summary>"call": calls a macro with a block as its caller.</summary>
internal sealed class CallStatement : Statement
{
    public required CallExpression Call { get; init; }

    public required MacroBody Macro { get; init; }

    public override IEnumerable<Node> Children => [Call, Macro];

    public override Flow Run(Rendering rendering)
    {
        rendering.Line = Line;
        rendering.Print(Call.Evaluate(rendering, new MacroValue(Macro, rendering.Frame)));
        return Flow.Next;
    }
}

/// <summary>"generation": prints its body and marks it as what the assistant wrote.</summary>
internal sealed class GenerationStatement : Statement
{
    public required MacroBody Macro { get; init; }

    public override IEnumerable<Node> Children => [Macro];

    public override Flow Run(Rendering rendering)
    {
        rendering.Line = Line;
        rendering.Out.Add((StringValue)Macro.Invoke(rendering, rendering.Frame, Arguments.None), Marks.Generation);
        return Flow.Next;
    }
}
