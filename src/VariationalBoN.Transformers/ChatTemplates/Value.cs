namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>A value of the template language. Values do not change, except namespaces, cyclers, joiners and iterators.</summary>
internal abstract class Value
{
    /// <summary>Name of the type in Python, for messages.</summary>
    public abstract string TypeName { get; }

    /// <summary>What <c>bool(x)</c> is in Python.</summary>
    public virtual bool Truth => true;

    /// <summary>Marks of what prints this value, where it is a number, a boolean or none.</summary>
    public virtual Marks Origin => Marks.None;
}

/// <summary>A value that was not given: prints as nothing, is false and empty, and fails for anything else.</summary>
internal sealed class UndefinedValue(string message, FaultKind kind = FaultKind.Undefined) : Value
{
    public override string TypeName => "Undefined";

    public override bool Truth => false;

    public TemplateFault Fault() => new(kind, message);

    public static UndefinedValue Name(string name) => new($"'{name}' is undefined");

    public static UndefinedValue Member(Value of, string member) => new($"'{of.TypeName} object' has no attribute '{member}'");

    public static UndefinedValue Unsafe(Value of, string member) =>
        new($"access to attribute '{member}' of '{of.TypeName}' object is unsafe", FaultKind.Security);
}

/// <summary>None.</summary>
internal sealed class NoneValue : Value
{
    private readonly Marks origin;

    private NoneValue(Marks origin) => this.origin = origin;

    public static NoneValue Plain { get; } = new(Marks.None);

    public static NoneValue FromInput { get; } = new(Marks.Data);

    public override string TypeName => "NoneType";

    public override bool Truth => false;

    public override Marks Origin => origin;
}

/// <summary>True or False.</summary>
internal sealed class BooleanValue : Value
{
    private static readonly BooleanValue True = new(true, Marks.None);
    private static readonly BooleanValue False = new(false, Marks.None);
    private static readonly BooleanValue InputTrue = new(true, Marks.Data);
    private static readonly BooleanValue InputFalse = new(false, Marks.Data);
    private readonly bool truth;
    private readonly Marks origin;

    private BooleanValue(bool truth, Marks origin) => (this.truth, this.origin) = (truth, origin);

    public override string TypeName => "bool";

    public override bool Truth => truth;

    public override Marks Origin => origin;

    public static BooleanValue Of(bool truth) => truth ? True : False;

    public static BooleanValue FromInput(bool truth) => truth ? InputTrue : InputFalse;
}
