namespace Spoco.Engine.Data;

/// <summary>
/// One of the 48 symmetries of the voxel grid: patch axis b runs along image axis <see cref="AxisOf"/>(b), backwards where
/// <see cref="SignOf"/> is -1.
/// Axes are numbered z, y, x = 0, 1, 2.
/// </summary>
internal readonly record struct AxisPermutation(int Z, int Y, int X, int SignZ, int SignY, int SignX)
{
    /// <summary>Every symmetry; the identity comes first.</summary>
    public static IReadOnlyList<AxisPermutation> All { get; } = [.. Enumerate()];

    public int AxisOf(int patchAxis) => patchAxis switch { 0 => Z, 1 => Y, _ => X };

    public int SignOf(int patchAxis) => patchAxis switch { 0 => SignZ, 1 => SignY, _ => SignX };

    /// <summary>Whether no axis changes its place.</summary>
    public bool KeepsAxes => (Z, Y, X) == (0, 1, 2);

    /// <summary>Whether it is a rotation, without a reflection: the determinant is +1.</summary>
    public bool IsRotation
    {
        get
        {
            var even = (Y - Z + 3) % 3 == 1;
            return SignZ * SignY * SignX == (even ? 1 : -1);
        }
    }

    private static IEnumerable<AxisPermutation> Enumerate()
    {
        (int, int, int)[] orders = [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)];
        foreach (var (z, y, x) in orders)
            for (var signs = 0; signs < 8; signs++)
                yield return new AxisPermutation(z, y, x, 1 - (signs >> 2 & 1) * 2, 1 - (signs >> 1 & 1) * 2, 1 - (signs & 1) * 2);
    }
}
