namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>A function of the template while its names are bound: it numbers its variables.</summary>
internal sealed class Function(int depth)
{
    private const int MaxCopies = 3_000_000;
    private readonly Dictionary<(int Level, string Name), Variable> variables = [];
    private int copies;

    public int Depth { get; } = depth;

    public int Size => variables.Count;

    /// <summary>Counts names that are copied for branches, and refuses a source with too many of both.</summary>
    public void CountCopies(int names)
    {
        copies += names;
        if (copies > MaxCopies)
            throw new TemplateFault(FaultKind.Bound, $"a source with more than {MaxCopies} names in its branches, all counted, is refused");
    }

    /// <summary>The variable of that name at that level; scopes beside each other at one level share it.</summary>
    public Variable VariableOf(int level, string name)
    {
        if (!variables.TryGetValue((level, name), out Variable? variable))
            variables.Add((level, name), variable = new Variable(this, variables.Count));
        return variable;
    }
}

/// <summary>A variable of a function.</summary>
internal sealed record Variable(Function Function, int Index)
{
    public Slot SeenFrom(Function function) => new(function.Depth - Function.Depth, Index);
}

/// <summary>How a variable of a scope begins.</summary>
internal enum StartKind
{
    Parameter,
    Unset,
    Copy,
    Rendering,
}

/// <summary>
/// The names of one scope. Which scope a name belongs to is settled when the template is read, as the reference implementation does: a
/// name that
/// is set anywhere in a scope is the scope's own and begins as a copy of the outer one; a name that is only read is the outer one's.
/// </summary>
internal sealed class Symbols(Symbols? parent, Function function)
{
    private readonly Symbols? parent = parent;
    private readonly int level = parent is null ? 0 : parent.level + 1;
    private Dictionary<string, Variable> own = [];
    private OrderedDictionary<Variable, (StartKind Kind, Variable? Copy, string Name)> starts = [];
    private HashSet<string> stores = [];

    public Function Function { get; } = function;

    public Variable? Find(string name)
    {
        for (Symbols? scope = this; scope is not null; scope = scope.parent)
        {
            if (scope.own.TryGetValue(name, out Variable? variable))
                return variable;
        }
        return null;
    }

    public void Load(string name)
    {
        if (Find(name) is null)
            Define(name, StartKind.Rendering, null);
    }

    public void Store(string name)
    {
        stores.Add(name);
        if (!own.ContainsKey(name))
            Define(name, parent?.Find(name) is null ? StartKind.Unset : StartKind.Copy, parent?.Find(name));
    }

    public Variable Declare(string name)
    {
        stores.Add(name);
        return Define(name, StartKind.Parameter, null);
    }

    /// <summary>A copy for one branch of an "if".</summary>
    public Symbols Branch()
    {
        Function.CountCopies(own.Count);
        return new(parent, Function)
        {
            own = new(own),
            starts = new(starts),
            stores = [.. stores],
        };
    }

    /// <summary>
    /// Takes in what the branches of an "if" define: what they set begins as it was outside, since a branch may not be taken.
    /// </summary>
    public void Merge(params ReadOnlySpan<Symbols> branches)
    {
        var stored = new HashSet<string>();
        foreach (Symbols branch in branches)
            stored.UnionWith(branch.stores);
        stored.ExceptWith(stores);
        foreach (Symbols branch in branches)
        {
            foreach ((string name, Variable variable) in branch.own)
                own[name] = variable;
            foreach ((Variable variable, (StartKind, Variable?, string) start) in branch.starts)
                starts[variable] = start;
            stores.UnionWith(branch.stores);
        }
        foreach (string name in stored)
        {
            Variable? outer = parent?.Find(name);
            starts[Find(name)!] = (outer is null ? StartKind.Rendering : StartKind.Copy, outer, name);
        }
    }

    public Scope ToScope() =>
        new(
            [
                .. starts
                    .Where(start => start.Value.Kind != StartKind.Parameter)
                    .Select(start => new SlotStart(
                        start.Key.Index,
                        start.Value.Copy?.SeenFrom(Function),
                        start.Value.Kind == StartKind.Rendering ? start.Value.Name : null
                    )),
            ],
            [.. starts.Keys.Select(variable => variable.Index)]
        );

    private Variable Define(string name, StartKind kind, Variable? copy)
    {
        Variable variable = own[name] = Function.VariableOf(level, name);
        starts[variable] = (kind, copy, name);
        return variable;
    }
}
