using System.Numerics;

namespace VariationalBoN.Tests.Architecture.Natives;

/// <summary>The native objects that a value may be or contain, and those whose address it may be, by number. Immutable.</summary>
/// <param name="Bits">Two bits an object: the lower for the object, the upper for its address.</param>
internal readonly record struct HandleSet(BigInteger Bits)
{
    public static HandleSet Empty => default;

    public bool IsEmpty => Bits.IsZero;

    /// <summary>Those that it may be or contain.</summary>
    public HandleSet Objects => new(Bits & Mask);

    /// <summary>What it may be the address of, as objects.</summary>
    public HandleSet Addressed => new((Bits >> 1) & Mask);

    /// <summary>The addresses of all in it.</summary>
    public HandleSet AsAddresses => new((Objects.Bits | Addressed.Bits) << 1);

    /// <summary>The numbers of all in it.</summary>
    public IEnumerable<int> Numbers
    {
        get
        {
            BigInteger all = Objects.Bits | Addressed.Bits;
            for (int number = 0; !(all >> (2 * number)).IsZero; number++)
            {
                if (!((all >> (2 * number)) & 1).IsZero)
                    yield return number;
            }
        }
    }

    /// <summary>A one in the lower bit of each object.</summary>
    private BigInteger Mask => ((BigInteger.One << (2 * (((int)Bits.GetBitLength() / 2) + 1))) - 1) / 3;

    public static HandleSet Object(int number) => new(BigInteger.One << (2 * number));

    public static HandleSet Address(int number) => new(BigInteger.One << ((2 * number) + 1));

    public static HandleSet operator |(HandleSet a, HandleSet b) => new(a.Bits | b.Bits);

    public static HandleSet Union(IEnumerable<HandleSet> sets) => sets.Aggregate(Empty, (a, b) => a | b);

    public bool Overlaps(HandleSet other) => !(Bits & other.Bits).IsZero;

    public bool Contains(int number) => Overlaps(Object(number) | Address(number));
}
