using System.Numerics;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>An integer of any size.</summary>
internal sealed class IntegerValue : Value
{
    private const int Least = -16;
    private static readonly IntegerValue[] Small =
    [
        .. Enumerable.Range(Least, 1040).Select(number => new IntegerValue(number, Marks.None)),
    ];
    private readonly Marks origin;

    private IntegerValue(BigInteger number, Marks origin) => (Number, this.origin) = (number, origin);

    public BigInteger Number { get; }

    public override string TypeName => "int";

    public override bool Truth => !Number.IsZero;

    public override Marks Origin => origin;

    public static IntegerValue Of(BigInteger number, Marks origin = Marks.None) =>
        origin == Marks.None && number >= Least && number < Least + Small.Length
            ? Small[(int)number - Least]
            : new IntegerValue(number, origin);

    public static IntegerValue Of(int number) =>
        number >= Least && number < Least + Small.Length ? Small[number - Least] : new IntegerValue(number, Marks.None);
}

/// <summary>A floating-point number.</summary>
internal sealed class FloatValue(double number, Marks origin = Marks.None) : Value
{
    public double Number { get; } = number;

    public override string TypeName => "float";

    public override bool Truth => Number != 0;

    public override Marks Origin { get; } = origin;
}
