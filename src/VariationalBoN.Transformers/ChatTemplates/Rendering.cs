namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>The state of one rendering.</summary>
internal sealed class Rendering(ChatTemplateBounds bounds, DateTime? now, Frame frame)
{
    private int calls;

    public Work Work { get; } = new(bounds);

    /// <summary>What the caller gave, by name.</summary>
    public IReadOnlyDictionary<string, Value> Variables { get; set; } = new Dictionary<string, Value>();

    public DateTime? Now { get; } = now;

    public TextBuilder Out { get; private set; } = null!;

    public Frame Frame { get; private set; } = frame;

    /// <summary>Line of the template that is being evaluated.</summary>
    public int Line { get; set; }

    /// <summary>The message that the innermost loop over messages is at.</summary>
    public MappingValue? Message { get; set; }

    /// <summary>A variable given to the rendering, or a global name; null where there is neither.</summary>
    public Value? Variable(string name) => Variables.TryGetValue(name, out Value? value) ? value : Globals.Find(name);

    /// <summary>Prints what a call block or a filter block gave; unlike printed expressions it must be text.</summary>
    public void Print(Value text) =>
        Out.Add(text as StringValue ?? throw TemplateFault.Type($"a block must give text, not a value of type '{text.TypeName}'"));

    /// <summary>Runs the statements with an output of their own and returns what they print.</summary>
    public StringValue Capture(Action<Rendering> body)
    {
        TextBuilder before = Out;
        Out = new TextBuilder(Work);
        try
        {
            body(this);
            return Out.Build();
        }
        finally
        {
            Out = before;
        }
    }

    /// <summary>Runs a function in a frame of its own, within the bound of depth.</summary>
    public T Within<T>(Frame inner, Func<T> body)
    {
        if (++calls > Work.Bounds.MaxCallDepth)
            throw Work.Exceeded(
                nameof(ChatTemplateBounds.MaxCallDepth),
                "the depth of calls of macros and loops",
                Work.Bounds.MaxCallDepth
            );
        Work.CheckStack();
        (Frame before, int line) = (Frame, Line);
        Frame = inner;
        T result;
        try
        {
            result = body();
        }
        finally
        {
            Frame = before;
            calls--;
        }
        Line = line;
        return result;
    }
}
