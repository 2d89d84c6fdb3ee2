namespace Spoco.Engine.Segmentation;

/// <summary>The best offer that each of a number of segments has had, and the best of all: a binary heap of the segments that have one.</summary>
/// <param name="count">Segments are numbered from 0 to this.</param>
/// <param name="names">What decides between offers of equal cost, the smaller first; null = the numbers.</param>
internal sealed class OfferQueue(int count, IReadOnlyList<int>? names)
{
    private const int Absent = -1;

    private readonly int[] _heap = new int[count + 1];
    private readonly int[] _place = Enumerable.Repeat(Absent, count + 1).ToArray();
    private readonly double[] _cost = new double[count + 1];
    private readonly int[] _by = new int[count + 1];
    private int _length;

    /// <summary>Takes an offer to a segment, where it is better than the one it has.</summary>
    public void Offer(int segment, int by, double cost)
    {
        if (_place[segment] == Absent)
        {
            _place[segment] = _length;
            _heap[_length++] = segment;
        }
        else if (cost.CompareTo(_cost[segment]) is var order && order >= 0 && (order > 0 || Name(by) >= Name(_by[segment])))
        {
            return;
        }

        (_cost[segment], _by[segment]) = (cost, by);
        Rise(_place[segment]);
    }

    /// <summary>Takes out the segment with the best offer; false where none has one.</summary>
    public bool TryTake(out int segment, out int by, out double cost)
    {
        (segment, by, cost) = (0, 0, 0);
        if (_length == 0)
            return false;
        segment = _heap[0];
        (by, cost) = (_by[segment], _cost[segment]);
        _place[segment] = Absent;
        if (--_length > 0)
        {
            Put(_heap[_length], 0);
            Sink(0);
        }

        return true;
    }

    private int Name(int segment) => names is null ? segment : names[segment];

    private bool Before(int a, int b) => _cost[a].CompareTo(_cost[b]) is var order && order != 0 ? order < 0 : Name(a) < Name(b);

    private void Put(int segment, int place) => (_heap[place], _place[segment]) = (segment, place);

    private void Rise(int place)
    {
        var segment = _heap[place];
        for (; place > 0 && Before(segment, _heap[(place - 1) / 2]); place = (place - 1) / 2)
            Put(_heap[(place - 1) / 2], place);
        Put(segment, place);
    }

    private void Sink(int place)
    {
        var segment = _heap[place];
        for (var child = 2 * place + 1; child < _length; child = 2 * place + 1)
        {
            if (child + 1 < _length && Before(_heap[child + 1], _heap[child]))
                child++;
            if (!Before(_heap[child], segment))
                break;
            Put(_heap[child], place);
            place = child;
        }

        Put(segment, place);
    }
}
