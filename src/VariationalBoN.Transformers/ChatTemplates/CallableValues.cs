namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>A value that can be called.</summary>
internal abstract class CallableValue : Value
{
    public abstract Value Call(Rendering rendering, Arguments arguments);
}

/// <summary>A function or class that is a global name.</summary>
internal sealed class FunctionValue(string name, Func<Rendering, Arguments, Value> body, string? type = null) : CallableValue
{
    public string Name { get; } = name;

    /// <summary>Name of the class in Python; null for a function.</summary>
    public string? Class { get; } = type;

    public override string TypeName => Class is null ? "function" : "type";

    public override Value Call(Rendering rendering, Arguments arguments) => body(rendering, arguments);
}

/// <summary>A method of a value.</summary>
internal sealed class MethodValue(Value of, string name) : CallableValue
{
    public Value Of { get; } = of;

    public string Name { get; } = name;

    public override string TypeName => "builtin_function_or_method";

    public override Value Call(Rendering rendering, Arguments arguments) =>
        Of switch
        {
            StringValue text => StringMethods.Call(text, Name, arguments, rendering.Work) ?? throw Missing(),
            MappingValue mapping => CollectionMethods.Call(mapping, Name, arguments, rendering.Work) ?? throw Missing(),
            SequenceValue sequence => CollectionMethods.Call(sequence, Name, arguments, rendering.Work) ?? throw Missing(),
            LoopValue loop => loop.CallMethod(Name, arguments, rendering.Work),
            CyclerValue cycler => cycler.CallMethod(Name, arguments),
            _ => CollectionMethods.CallNumber(Of, Name, arguments) ?? throw Missing(),
        };

    private TemplateFault Missing() => TemplateFault.Unsupported($"the engine has no method {Of.TypeName}.{Name}");
}

/// <summary>A macro, or the body of a call block, with the variables around its definition.</summary>
internal sealed class MacroValue(MacroBody macro, Frame frame) : CallableValue
{
    public MacroBody Macro { get; } = macro;

    public override string TypeName => "Macro";

    public override Value Call(Rendering rendering, Arguments arguments) => Macro.Invoke(rendering, frame, arguments);
}

/// <summary>What <c>cycler</c> makes.</summary>
internal sealed class CyclerValue(IReadOnlyList<Value> items) : Value
{
    private int place;

    public override string TypeName => "Cycler";

    public Value Current => items[place];

    public Value Items => new TupleValue([.. items]);

    public Value Position => IntegerValue.Of(place);

    public Value CallMethod(string name, Arguments arguments)
    {
        arguments.Bind(name + "()");
        Value current = Current;
        place = name == "next" ? (place + 1) % items.Count : 0;
        return name == "next" ? current : NoneValue.Plain;
    }
}

/// <summary>What <c>joiner</c> makes: nothing at the first call, the separator afterwards.</summary>
internal sealed class JoinerValue(Value separator) : CallableValue
{
    private bool used;

    public override string TypeName => "Joiner";

    public override Value Call(Rendering rendering, Arguments arguments)
    {
        arguments.Bind("joiner");
        Value now = used ? separator : StringValue.Empty;
        used = true;
        return now;
    }
}
