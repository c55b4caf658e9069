//! Where the lanes stand: wide apart with the words beside each, or as narrow rails with the words on the right.

/// Where everything is, in columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The lanes' columns, from left to right.
    pub(crate) lanes: Vec<usize>,
    /// The columns that there are.
    pub(crate) width: usize,
    /// The column of the words, if the lanes are rails.
    pub(crate) rails: Option<usize>,
}

/// What one step needs in its row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Need {
    /// The index of the lane that it stands in.
    pub(crate) lane: usize,
    /// The next lane to its right that is occupied then.
    pub(crate) next: Option<usize>,
    /// The columns from its lane to the end of its words, if they take one, two or three lines.
    pub(crate) columns: [usize; 3],
}

impl Need {
    /// How many lines its words take in so many columns.
    fn lines(&self, columns: usize) -> usize {
        1 + self.columns.iter().take_while(|needed| **needed > columns).count()
    }
}

/// Lanes stand at least so far apart.
const NARROWEST: usize = 12;

/// If wide lanes would get less than this each, there are rails instead.
const READABLE: usize = 20;

/// No further apart than this.
const WIDEST: usize = 60;

/// Between the words of one lane and the next.
const AIR: usize = 2;

/// Rails leave at least so many columns for words, if there is any way.
const WORDS: usize = 24;

impl Layout {
    /// As many lanes as a picture of this width can have.
    pub(crate) fn most_lanes(width: usize) -> usize {
        (width.saturating_sub(WORDS) / 2).clamp(2, 24)
    }

    /// A layout for `count` lanes.
    pub(crate) fn new(count: usize, needs: &[Need], width: usize) -> Layout {
        let wanted: Vec<usize> = (0..count).map(|lane| widest_need(lane, count, needs)).collect();
        if wanted.iter().sum::<usize>() <= width {
            return Layout { lanes: columns(&wanted), width, rails: None };
        }
        if count * READABLE > width {
            return Layout::rails(count, width);
        }
        let gaps = traded(shared(&wanted, width), needs);
        Layout { lanes: columns(&gaps), width, rails: None }
    }

    fn rails(count: usize, width: usize) -> Layout {
        let pitch = (width.saturating_sub(WORDS) / count.max(1)).clamp(1, 3);
        let lanes: Vec<usize> = (0..count).map(|lane| lane * pitch).collect();
        Layout { lanes, width, rails: Some((count * pitch + 1).min(width)) }
    }
}

/// The columns that a lane would like to have.
fn widest_need(lane: usize, count: usize, needs: &[Need]) -> usize {
    let last = lane + 1 == count;
    let own = needs.iter().filter(|need| need.lane == lane);
    // Where no lane is to the right, words may run on.
    let bound = own.filter(|need| last || need.next == Some(lane + 1));
    let air = if last { 0 } else { AIR };
    bound.map(|need| need.columns[0] + air).max().unwrap_or(0).clamp(NARROWEST, WIDEST)
}

/// Gaps that fit into the width: nobody gets less for the sake of one who has more.
fn shared(wanted: &[usize], width: usize) -> Vec<usize> {
    let total = |most: usize| wanted.iter().map(|gap| (*gap).min(most)).sum::<usize>();
    let most = (0..=WIDEST).rev().find(|most| total(*most) <= width).unwrap_or(0);
    let mut gaps: Vec<usize> = wanted.iter().map(|gap| (*gap).min(most)).collect();
    let mut spare = width - total(most);
    for (gap, wanted) in gaps.iter_mut().zip(wanted) {
        let more = spare.min(wanted - *gap);
        *gap += more;
        spare -= more;
    }
    gaps
}

/// Moves columns from lane to lane as long as fewer lines have to be broken.
fn traded(mut gaps: Vec<usize>, needs: &[Need]) -> Vec<usize> {
    let mut best = broken(&gaps, needs);
    for _ in 0..gaps.len() * 4 {
        let better = trades(&gaps, needs).into_iter().map(|gaps| (broken(&gaps, needs), gaps)).min();
        match better {
            Some((cost, next)) if cost < best => (best, gaps) = (cost, next),
            _ => break,
        }
    }
    gaps
}

/// All ways to give one lane just what one of its steps needs for one, two or three lines, at the cost
/// of one other.
fn trades(gaps: &[usize], needs: &[Need]) -> Vec<Vec<usize>> {
    let mut trades = Vec::new();
    for need in needs.iter().filter(|need| need.next == Some(need.lane + 1) || need.lane + 1 == gaps.len()) {
        for wanted in need.columns {
            let missing = (wanted + 1).saturating_sub(gaps[need.lane]);
            for giver in (0..gaps.len()).filter(|giver| *giver != need.lane && missing > 0) {
                if gaps[giver] >= NARROWEST + missing {
                    let mut trade = gaps.to_vec();
                    trade[giver] -= missing;
                    trade[need.lane] += missing;
                    trades.push(trade);
                }
            }
        }
    }
    trades
}

/// How many lines there would be.
fn broken(gaps: &[usize], needs: &[Need]) -> usize {
    let lanes = columns(gaps);
    let width: usize = gaps.iter().sum();
    let lines = |need: &Need| {
        let end = need.next.map_or(width + 1, |next| lanes[next]);
        need.lines(end.saturating_sub(lanes[need.lane] + 1))
    };
    needs.iter().map(lines).sum()
}

fn columns(gaps: &[usize]) -> Vec<usize> {
    gaps.iter()
        .scan(0, |at, gap| {
            let lane = *at;
            *at += gap;
            Some(lane)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(lane: usize, next: Option<usize>, columns: usize) -> Need {
        Need { lane, next, columns: [columns, columns / 2 + 2, columns / 3 + 2] }
    }

    #[test]
    fn lanes_stand_as_far_apart_as_their_words_need() {
        let layout = Layout::new(2, &[need(0, Some(1), 20), need(1, None, 30)], 80);
        assert_eq!((layout.lanes, layout.rails), (vec![0, 22], None));
    }

    #[test]
    fn a_lane_that_needs_little_gives_to_one_that_needs_more() {
        let needs = [need(0, Some(1), 40), need(0, Some(1), 30), need(0, Some(1), 30), need(1, None, 50)];
        let layout = Layout::new(2, &needs, 60);
        assert_eq!(layout.rails, None);
        assert!(layout.lanes[1] >= 31, "{layout:?}");
    }

    #[test]
    fn many_lanes_become_rails_that_leave_room_for_words() {
        let layout = Layout::new(13, &[need(0, Some(1), 40); 3], 78);
        assert!(layout.rails.is_some_and(|column| column <= 78 - WORDS), "{layout:?}");
        assert!(layout.lanes.iter().all(|lane| Some(*lane) < layout.rails));
    }
}
