namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>A part of a parsed template. The tree does not change after <see cref="Resolver"/> has bound its names.</summary>
internal abstract class Node
{
    public required int Line { get; init; }

    /// <summary>The parts below this one, in the order in which names are looked for.</summary>
    public abstract IEnumerable<Node> Children { get; }

    /// <summary>Height of the tree from here, for the bound of nesting.</summary>
    public int Height { get; private set; } = 1;

    /// <summary>Sets <see cref="Height"/> from the children's and refuses a tree that is too high to be walked.</summary>
    public void Measure(int limit)
    {
        foreach (Node child in Children)
            Height = Math.Max(Height, child.Height + 1);
        if (Height > limit)
        {
            TemplateFault fault = Work.Exceeded(
                nameof(ChatTemplateBounds.MaxNesting),
                $"an expression or block nested {Height} deep",
                limit
            );
            throw new TemplateFault(fault.Kind, fault.Message) { Line = Line };
        }
    }
}

/// <summary>A part that has a value.</summary>
internal abstract class Expression : Node
{
    /// <summary>
    /// True where the reference implementation computes the value when it reads the template: no name and no call inside.
    /// </summary>
    public virtual bool IsConstant
    {
        get
        {
            Work.CheckStack();
            return Children.All(child => child is Expression { IsConstant: true });
        }
    }

    /// <summary>The value; expressions inside each other are refused before they use up the thread's stack.</summary>
    public Value Evaluate(Rendering rendering)
    {
        Work.CheckStack();
        return Compute(rendering);
    }

    protected abstract Value Compute(Rendering rendering);
}

/// <summary>How a statement ended.</summary>
internal enum Flow
{
    Next,
    Break,
    Continue,
}

/// <summary>A part that acts.</summary>
internal abstract class Statement : Node
{
    public abstract Flow Run(Rendering rendering);

    public static Flow RunAll(Statement[] statements, Rendering rendering)
    {
        Work.CheckStack();
        foreach (Statement statement in statements)
        {
            rendering.Work.Step();
            Flow flow = statement.Run(rendering);
            if (flow != Flow.Next)
                return flow;
        }
        return Flow.Next;
    }
}
